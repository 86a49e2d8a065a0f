#pragma once

// One connection of the server. Includes Boost: for the files of the network only.

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

/// What sessions have in common: the listener's side of it.
class SessionOwner {
 public:
  virtual const HttpLimits& limits() const = 0;
  /// Whether no further request is to be taken.
  virtual bool stopping() const = 0;
  virtual void handle(Incoming request, Reply reply) = 0;
  /// Asked once the head of a request has come in: the answer to a request that is not handled, and whose body is not
  /// read.
  virtual std::optional<Response> refusal(const Incoming& head) = 0;
  /// Asked before a large body is read; calls `then` once, at once or later.
  virtual void admit(const Incoming& head, Admitted then) = 0;
  /// @returns false if all large bodies together would be too many bytes
  virtual bool reserve_body(std::size_t bytes) = 0;
  virtual void release_body(std::size_t bytes) = 0;
  virtual EventHub& events() = 0;
  /// The session is over.
  virtual void ended(HttpSession* session) = 0;

 protected:
  ~SessionOwner() = default;
};

/// Serves one connection: a coroutine reads a request, has it answered, writes the answer, and so on (`serve`). What is
/// pending keeps the session alive, so it ends with its coroutine. One thread. The owner outlives it: a session whose
/// request is never answered would live as long as whoever should answer it, so the owner abandons it first.
///
/// An exception ends the connection, with an answer if none was begun, and is logged; it never reaches the owner.
class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param client  The address that the log and the password checks know the client by.
  /// @param tls     Null for a plain connection.
  HttpSession(Stream::Socket socket, std::string client, const TlsContext* tls, SessionOwner& owner);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession();

  /// @param is_welcome  False: there are too many; the client is told so, and nothing of it is read.
  void start(bool is_welcome);
  /// To be called now and then: ends what takes too long.
  void check_deadline(Clock::time_point now);
  /// Ends the session unless a request has come in whole; then once it is answered.
  void stop();
  /// Ends the session at once, also in the middle of an answer.
  void abort();
  /// Destroys this session if its request is with a handler; an answer is then ignored. For the owner's end.
  void abandon() noexcept;

 private:
  enum class State {
    handshake,  ///< Agrees on how to encrypt.
    idle,       ///< Waits for the first byte of a request.
    reading,    ///< Has a part of one.
    admitting,  ///< Has the head of one; whether its body may come is being decided.
    waiting,    ///< The request is with its handler.
    writing,    ///< The answer is on its way.
    streaming,  ///< Events are sent as they come.
    draining,   ///< Done; waits for the client to close, so that it gets the answer.
  };

  /// `serve`, with what it throws made an answer and a line of the log.
  Awaitable<void> run();
  /// The connection from its first byte to its last.
  Awaitable<void> serve();
  /// @returns whether requests may follow
  Awaitable<bool> shake_hands();
  /// @returns false if none came, or one that was refused
  Awaitable<bool> read_request();
  /// Reads what has arrived. @returns false if the client is gone or was too slow
  Awaitable<bool> receive();
  /// Decides, from a complete head, whether the body is to be read. @returns false after a refusal
  Awaitable<bool> accept_body();
  /// Answers a request that must not be handled. @returns whether it was one
  Awaitable<bool> refuse_by_rules();
  /// @returns whether another request may follow
  Awaitable<bool> answer_request();
  /// @returns whether another request may follow
  Awaitable<bool> write(Response response, bool keep_alive);
  /// Answers what could not be read, and ends.
  Awaitable<void> refuse(int status, std::string message);
  Awaitable<void> stream_events(const EventFilter& filter);
  /// Takes what the client still sends: closing with unread bytes would reset the connection and take the answer from
  /// the client.
  Awaitable<void> drain();

  void set_state(State state);
  /// The views of the request's head; they hold until the next request is begun.
  Incoming incoming();
  /// Counts `bytes` of this request's body among all large bodies. @returns false if those would be too many
  bool reserve_body(std::size_t bytes);
  void release_body();
  std::string too_many_bodies() const;

  /// The client may leave while its request is with the handler.
  void check_waiting_client();
  /// Notices at once when that client leaves: the next check may come too late for a job that it would be given.
  void watch_waiting_client();

  SessionOwner& m_owner;
  const std::string m_client;
  Stream m_stream;
  RequestReader m_reader;
  Incoming m_incoming;  ///< The request that is being read or answered.
  State m_state{State::idle};
  Clock::time_point m_deadline;
  bool m_is_welcome{true};
  bool m_timed_out{false};
  std::size_t m_body_reserved{0};
  std::string m_head;  ///< The answer's status line and fields, while it is written.
  std::string m_body;
  std::weak_ptr<AwaitedCall> m_call;          ///< To the handler, or about the body.
  std::shared_ptr<std::atomic<bool>> m_gone;  ///< Of the request that is with its handler.
  bool m_is_watched{false};                   ///< Whether `watch_waiting_client` waits.
  std::shared_ptr<EventStream> m_event_stream;
};

}  // namespace torc::server
