#pragma once

// Sends events to one client. Includes Boost, so only network files may include this.

#include <chrono>
#include <string>
#include <string_view>

#include "server/execution/event_hub.hpp"
#include "server/http/network.hpp"
#include "server/http/stream.hpp"

namespace torc::server {

/// The response to a client that follows a workflow: writes events as they occur, and sometimes a comment, so that both
/// sides notice if the other is gone. One thread; the connection must outlive it.
class EventStream final : public EventSink {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param is_chunked     False for HTTP/1.0 clients.
  /// @param comment_after  Time without an event after which a comment is sent.
  /// @param write_limit    Time for the client to receive written data.
  EventStream(Stream& connection, bool is_chunked, Clock::duration comment_after, Clock::duration write_limit);

  /// Writes until the events or the connection end.
  Awaitable<void> run();
  /// Call this periodically: closes the connection if the client has disconnected or does not read.
  void check(Clock::time_point now);
  /// Closes the connection.
  void abort();

  void send_event(std::string_view text) override;
  void end_events() override;

 private:
  void add(std::string_view text);
  Awaitable<bool> wait_for_work();

  Stream& m_connection;
  const bool m_is_chunked;
  const Clock::duration m_comment_after;
  const Clock::duration m_write_limit;
  NetworkTimer m_wake;
  std::string m_outgoing;
  std::string m_sending;  ///< Empty unless a write is pending.
  bool m_ended{false};
  bool m_aborted{false};
  Clock::time_point m_last_sent;
};

}  // namespace torc::server
