#include "server/http/event_stream.hpp"

#include <utility>

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>

namespace torc::server {
namespace {

namespace asio = boost::asio;

/// Maximum amount of unsent data for a slow client; above it, the connection is closed.
constexpr std::size_t k_backlog = 1024 * 1024;

}  // namespace

EventStream::EventStream(Stream& connection, bool is_chunked, Clock::duration comment_after,
                         Clock::duration write_limit)
    : m_connection(connection),
      m_is_chunked(is_chunked),
      m_comment_after(comment_after),
      m_write_limit(write_limit),
      m_wake(connection.executor()),
      m_outgoing(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                             "{}Connection: close\r\n\r\n",
                             is_chunked ? "Transfer-Encoding: chunked\r\n" : "")),
      m_last_sent(Clock::now()) {}

Awaitable<void> EventStream::run() {
  while (co_await wait_for_work()) {
    m_sending = std::exchange(m_outgoing, {});
    m_last_sent = Clock::now();
    Stream::Error error;
    co_await m_connection.write({asio::buffer(m_sending), {}}, error);
    m_sending.clear();
    if (error) {
      abort();
    }
  }
}

/// @returns whether there is something to write; false if the stream has ended
Awaitable<bool> EventStream::wait_for_work() {
  while (m_outgoing.empty() && !m_ended && !m_aborted) {
    m_wake.expires_at(m_last_sent + m_comment_after);
    Stream::Error canceled;
    co_await m_wake.async_wait(asio::redirect_error(use_awaitable, canceled));
    if (!canceled) {
      add(": keep-alive\n\n");
    }
  }
  co_return !m_aborted && !m_outgoing.empty();
}

void EventStream::check(Clock::time_point now) {
  const bool stuck = !m_sending.empty() && now - m_last_sent > m_write_limit;
  if (stuck || m_connection.is_closed_by_client()) {
    abort();
  }
}

void EventStream::abort() {
  m_aborted = true;
  m_connection.close();
  m_wake.cancel();
}

void EventStream::add(std::string_view text) {
  m_outgoing += m_is_chunked ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : std::string{text};
}

void EventStream::send_event(std::string_view text) {
  if (m_ended || m_aborted) {
    return;
  }
  if (!m_outgoing.empty() && m_outgoing.size() + text.size() > k_backlog) {
    abort();
    return;
  }
  add(text);
  m_wake.cancel();
}

void EventStream::end_events() {
  if (std::exchange(m_ended, true)) {
    return;
  }
  if (m_is_chunked) {
    m_outgoing += "0\r\n\r\n";
  }
  m_wake.cancel();
}

}  // namespace torc::server
