#pragma once

// One connection of the server. Includes Boost, so only network files may include this.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "server/http/await_call.hpp"
#include "server/http/event_stream.hpp"
#include "server/http/http_listener.hpp"
#include "server/http/network.hpp"
#include "server/http/request_reader.hpp"
#include "server/http/stream.hpp"

namespace torc::server {

class HttpSession;

/// The listener's interface for sessions.
class SessionOwner {
 public:
  virtual const HttpLimits& limits() const = 0;
  /// Whether no further requests are accepted.
  virtual bool stopping() const = 0;
  virtual void handle(Incoming request, Reply reply) = 0;
  /// Called when the head of a request is complete. @returns the response to a request that must not be handled; its
  /// body is not read
  virtual std::optional<Response> refusal(const Incoming& head) = 0;
  /// Called before a large body is read; calls `then` once, at once or later.
  virtual void admit(const Incoming& head, Admitted then) = 0;
  /// @returns false if the total of all large bodies would be too large
  virtual bool reserve_body(std::size_t bytes) = 0;
  virtual void release_body(std::size_t bytes) = 0;
  virtual EventHub& events() = 0;
  /// The session has ended.
  virtual void ended(HttpSession* session) = 0;

 protected:
  ~SessionOwner() = default;
};

/// Serves one connection: a coroutine (`serve`) repeatedly reads a request, has it handled, and writes the response.
/// Pending operations keep the session alive, so it ends with its coroutine. One thread. The owner must outlive the
/// session. A session whose request never gets a response would live as long as the holder of the reply, so the owner
/// must first call `abandon`.
///
/// An exception ends the connection, after an error response if none was begun, and is logged; it never reaches the
/// owner.
class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param client  The client's address for the log and the password checks.
  /// @param tls     Null for a plain connection.
  HttpSession(Stream::Socket socket, std::string client, const TlsContext* tls, SessionOwner& owner);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession();

  /// @param is_welcome  False if there are too many connections: the client gets that response, and nothing is read
  /// from it.
  void start(bool is_welcome);
  /// Call this periodically: ends operations that take too long.
  void check_deadline(Clock::time_point now);
  /// Ends the session; if a request is complete, after its response.
  void stop();
  /// Ends the session at once, even in the middle of a response.
  void abort();
  /// Destroys this session if its request is with a handler; a later response is ignored. For the owner's destructor.
  void abandon() noexcept;

 private:
  enum class State {
    handshake,  ///< In the TLS handshake.
    idle,       ///< Waits for the first byte of a request.
    reading,    ///< Has received a part of a request.
    admitting,  ///< Has the head of a request; whether to read its body is being decided.
    waiting,    ///< The request is being handled.
    writing,    ///< The response is being written.
    streaming,  ///< Events are sent as they occur.
    draining,   ///< Done; waits until the client closes the connection, so that it receives the response.
  };

  /// Runs `serve`; turns an exception into a response and a log entry.
  Awaitable<void> run();
  /// Serves the connection from its first byte to its last.
  Awaitable<void> serve();
  /// @returns whether requests can follow
  Awaitable<bool> shake_hands();
  /// @returns false if there is no request or it was refused
  Awaitable<bool> read_request();
  /// Reads available bytes. @returns false if the client has disconnected or was too slow
  Awaitable<bool> receive();
  /// Decides after the head whether to read the body. @returns false after a refusal
  Awaitable<bool> accept_body();
  /// Responds to a request that must not be handled. @returns whether it was one
  Awaitable<bool> refuse_by_rules();
  /// @returns whether another request may follow
  Awaitable<bool> answer_request();
  /// @returns whether another request may follow
  Awaitable<bool> write(Response response, bool keep_alive);
  /// Responds to a request that cannot be read, and ends.
  Awaitable<void> refuse(int status, std::string message);
  Awaitable<void> stream_events(const EventFilter& filter);
  /// Reads and discards what the client still sends: closing a socket with unread bytes would reset the connection, and
  /// the client might lose the response.
  Awaitable<void> drain();

  void set_state(State state);
  /// The fields of the request's head as views, which are valid until the next request begins.
  Incoming incoming();
  /// Reserves `bytes` for this request's body from the total of all large bodies. @returns false if that would exceed
  /// the limit
  bool reserve_body(std::size_t bytes);
  void release_body();
  std::string too_many_bodies() const;

  /// Checks whether the client has disconnected while its request is being handled.
  void check_waiting_client();
  /// Detects at once that the client disconnects: the periodic check may come too late for a job that a claim assigns
  /// to it.
  void watch_waiting_client();

  SessionOwner& m_owner;
  const std::string m_client;
  Stream m_stream;
  RequestReader m_reader;
  Incoming m_incoming;  ///< The request that is being read or handled.
  State m_state{State::idle};
  Clock::time_point m_deadline;
  bool m_is_welcome{true};
  bool m_timed_out{false};
  std::size_t m_body_reserved{0};
  std::string m_head;  ///< The status line and header of the response while it is being written.
  std::string m_body;
  std::weak_ptr<AwaitedCall> m_call;          ///< To the handler, or about the body.
  std::shared_ptr<std::atomic<bool>> m_gone;  ///< Shared with the handler of the current request.
  bool m_is_watched{false};                   ///< Whether `watch_waiting_client` is active.
  std::shared_ptr<EventStream> m_event_stream;
};

}  // namespace torc::server
