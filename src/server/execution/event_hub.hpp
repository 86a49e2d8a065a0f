#pragma once

// Distributes events of workflows to the clients that follow them.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.hpp"
#include "torc/store/changes.hpp"

namespace torc::server {

/// A follower of a workflow's events.
class EventSink {
 public:
  virtual void send_event(std::string_view text) = 0;
  /// Called when there will be no more events.
  virtual void end_events() = 0;

 protected:
  ~EventSink() = default;
};

/// The followers of all workflows. For the network's thread; other threads may only read `listeners`.
class EventHub {
 public:
  /// Number of followers; if it is 0, events need not be recorded.
  const std::atomic<int>& listeners() const { return m_listeners; }

  void add(const EventFilter& filter, std::shared_ptr<EventSink> sink);
  /// Does nothing if `sink` is not registered.
  void remove(const EventSink* sink);

  /// @param deleted  Deleted workflows; end_events is called for their followers.
  void publish(const std::vector<store::Notice>& notices, const std::set<Id>& deleted);

 private:
  struct Listener {
    EventFilter filter;
    std::shared_ptr<EventSink> sink;
  };

  /// A copy, because listeners may be removed during the iteration.
  std::vector<Listener> listeners_of(Id workflow_id) const;

  std::vector<Listener> m_all;
  std::atomic<int> m_listeners{0};
};

/// The event in the format of the stream: "event: TYPE\ndata: JSON\n\n".
std::string event_text(const store::Notice& notice);

}  // namespace torc::server
