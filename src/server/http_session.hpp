#pragma once

// One connection of a client. Includes Boost: x.

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "server/event_hub.hpp"
#include "server/http_listener.hpp"
#include "server/stream.hpp"

namespace torc::server {

class HttpSession;

/// What sessions have in common: the listener's side of it.
class SessionOwner {
 public:
  virtual const HttpLimits& limits() const = 0;
  /// Whether no further request is to be taken.
  virtual bool stopping() const = 0;
  virtual void handle(Incoming request, Reply reply) = 0;
  /// Asked before a large body is read; calls `then` once, at once or later.
  virtual void admit(const Incoming& head, Admitted then) = 0;
  /// @returns false where all large bodies together would be too many bytes
  virtual bool reserve_body(std::size_t bytes) = 0;
  virtual void release_body(std::size_t bytes) = 0;
  virtual EventHub& events() = 0;
  /// The session is over.
  virtual void ended(HttpSession* session) = 0;

 protected:
  ~SessionOwner() = default;
};

/// Reads a request, has it answered, writes the answer, and so on. Lives as long as an operation of it is under way.
/// One thread. The owner outlives it.
class HttpSession final : public std::enable_shared_from_this<HttpSession>, public EventSink {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param tls  Null for a plain connection.
  HttpSession(boost::asio::ip::tcp::socket socket, const TlsContext* tls, SessionOwner& owner);
  ~HttpSession();

  /// @param is_welcome  False: there are too many; the client is told so, and nothing of it is read.
  void start(bool is_welcome);
  /// Called now and then: ends what takes too long.
  void check_deadline(Clock::time_point now);
  /// Ends the session unless a request has come in whole; then once it is answered.
  void stop();
  /// Ends it whatever it does.
  void abort();

  void send_event(std::string_view text) override;
  void end_events() override;

 private:
  enum class State {
    handshake,  ///< Agrees on how to encrypt.
    idle,       ///< Waits for the first byte of a request.
    reading,    ///< Has a part of one.
    waiting,    ///< The request is with its handler.
    writing,    ///< The answer is on its way.
    streaming,  ///< Events are sent as they come.
    draining,   ///< Done; waits for the client to close, so that it gets the answer.
  };

  void shake_hands();
  void begin_request();
  void read_some();
  /// Goes on with the bytes in the buffer.
  void parse();
  void on_header();
  /// Before a large body is read: is there room for it, and is it wanted?
  void ask_for_body(std::size_t bytes);
  void read_body();
  /// All of a request but its body.
  Incoming incoming(const boost::beast::http::request<boost::beast::http::string_body>& request) const;
  void release_body();
  void parse_or_read();
  void dispatch();
  /// An answer to a request that could not be read; the connection cannot be used after it.
  void refuse(int status, const std::string& message);
  void write(Response response, bool keep_alive);
  void drain();
  void drain_some();
  void set_state(State state);

  /// The client may leave while its request is with the handler.
  void look_after_waiting_client();
  /// Notes it at once when that client leaves: the next look may come too late for a job that it would be given.
  void watch_waiting_client();
  void begin_stream(const EventFilter& filter);
  void tend_stream(Clock::time_point now);
  void send_later(std::string_view text);
  void send_outgoing();

  SessionOwner& m_owner;
  const std::string m_client;  ///< Its address.
  Stream m_stream;
  boost::beast::flat_buffer m_buffer;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> m_parser;
  State m_state{State::idle};
  Clock::time_point m_deadline;
  bool m_is_welcome{true};
  bool m_timed_out{false};
  bool m_header_seen{false};
  std::size_t m_body_reserved{0};
  std::string m_head;  ///< The answer's status line and fields, while it is written.
  std::string m_body;
  bool m_is_http_1_0{false};
  std::shared_ptr<std::atomic<bool>> m_gone;  ///< Of the request that is with its handler.
  bool m_is_watched{false};                   ///< Whether the stream is being waited for.

  // While events are streamed; m_body is what is being written.
  std::string m_outgoing;
  bool m_sending{false};
  bool m_stream_ended{false};
  Clock::time_point m_last_sent;
};

}  // namespace torc::server
