#pragma once

// Hands what happened to workflows to those who follow it.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/request.hpp"
#include "torc/store/changes.hpp"

namespace torc::server {

/// Somebody who follows the events of a workflow.
class EventSink {
 public:
  virtual void send_event(std::string_view text) = 0;
  /// Nothing more comes.
  virtual void end_events() = 0;

 protected:
  ~EventSink() = default;
};

/// Who follows which workflow. For the network's thread; only `listeners` is read by others.
class EventHub {
 public:
  /// How many there are: nobody needs to note events for none.
  const std::atomic<int>& listeners() const { return m_listeners; }

  void add(const EventFilter& filter, std::shared_ptr<EventSink> sink);
  /// Does nothing for one who is not there.
  void remove(const EventSink* sink);

  /// @param deleted  Workflows that are gone: whoever follows them is told that nothing more comes.
  void publish(const std::vector<store::Notice>& notices, const std::set<Id>& deleted);

 private:
  struct Listener {
    EventFilter filter;
    std::shared_ptr<EventSink> sink;
  };

  /// A copy: listeners leave while they are told.
  std::vector<Listener> listeners_of(Id workflow_id) const;

  std::vector<Listener> m_all;
  std::atomic<int> m_listeners{0};
};

/// As it is sent: "event: TYPE\ndata: JSON\n\n".
std::string event_text(const store::Notice& notice);

}  // namespace torc::server
