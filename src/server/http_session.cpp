#include "server/http_session.hpp"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>

#include "server/errors.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t k_read_at_once = 16 * 1024;
/// Into this most requests fit; thousands of connections wait for their next one.
constexpr std::size_t k_first_read = 2 * 1024;
/// A big request's buffer is not kept for the next, small one.
constexpr std::size_t k_buffer_kept = 256 * 1024;
constexpr std::chrono::seconds k_drain_time{3};
/// How often it is looked whether a client that waits is still there.
constexpr std::chrono::seconds k_look{1};
/// So much of a stream waits for a slow client before it is given up.
constexpr std::size_t k_backlog = 1024 * 1024;
constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Fields that belong to an answer's status.
std::string_view fields_for(int status) {
  switch (status) {
    case 401:
      return "WWW-Authenticate: Basic realm=\"torc\", charset=\"UTF-8\"\r\n";
    case 503:
      return "Retry-After: 1\r\n";
    default:
      return "";
  }
}

/// The status for a request that the parser refuses.
int status_of(const error_code& error) {
  if (error == http::error::body_limit) {
    return 413;
  }
  if (error == http::error::header_limit) {
    return 431;
  }
  return 400;
}

std::string address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? "an unknown address" : endpoint.address().to_string();
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, const TlsContext* tls, SessionOwner& owner)
    : m_owner(owner), m_client(address_of(socket)), m_stream(std::move(socket), tls) {}

HttpSession::~HttpSession() {
  release_body();
  m_owner.ended(this);
}

void HttpSession::start(bool is_welcome) {
  m_is_welcome = is_welcome;
  if (m_stream.is_encrypted()) {
    shake_hands();
  } else {
    begin_request();
  }
}

void HttpSession::shake_hands() {
  set_state(State::handshake);
  m_stream.handshake([self = shared_from_this()](const error_code& error) {
    if (!error) {
      self->begin_request();
    } else if (Stream::is_plain_request(error)) {
      self->m_stream.drop_tls();
      self->refuse(400, "this server speaks HTTPS: its URL begins with https://");
    }
    // Else the client does not trust the certificate, or is gone: there is nobody to tell.
  });
}

void HttpSession::set_state(State state) {
  const auto& limits = m_owner.limits();
  m_state = state;
  switch (state) {
    case State::handshake:
      m_deadline = Clock::now() + limits.handshake;
      break;
    case State::idle:
      m_deadline = Clock::now() + limits.idle;
      break;
    case State::reading:
      m_deadline = Clock::now() + limits.request;
      break;
    case State::waiting:
    case State::streaming:
      m_deadline = Clock::now() + k_look;
      break;
    case State::writing:
      m_deadline = Clock::now() + limits.answer;
      break;
    case State::draining:
      m_deadline = Clock::now() + k_drain_time;
      break;
  }
}

void HttpSession::check_deadline(Clock::time_point now) {
  if (now < m_deadline) {
    return;
  }
  if (m_state == State::waiting) {
    look_after_waiting_client();
  } else if (m_state == State::streaming) {
    tend_stream(now);
  } else if (m_state == State::reading) {
    // The pending read ends with an error; its handler says why.
    m_timed_out = true;
    m_stream.cancel();
  } else {
    abort();
  }
}

void HttpSession::stop() {
  if (m_state == State::streaming) {
    end_events();
  } else if (m_state != State::waiting && m_state != State::writing) {
    abort();
  }
}

void HttpSession::abort() {
  m_stream.close();
  if (m_state == State::streaming) {
    m_owner.events().remove(this);
  }
}

void HttpSession::look_after_waiting_client() {
  set_state(State::waiting);
  m_parser.reset();
  if (m_buffer.size() == 0) {
    m_buffer = {};
  }
  if (m_stream.is_closed_by_client()) {
    *m_gone = true;
  }
}

void HttpSession::watch_waiting_client() {
  if (std::exchange(m_is_watched, true)) {
    return;
  }
  // Not what keeps the session alive: it may outlast the request, until the client says something.
  m_stream.wait_for_client([weak = weak_from_this()](const error_code& error) {
    if (const auto self = weak.lock()) {
      self->m_is_watched = false;
      if (!error && self->m_state == State::waiting && self->m_stream.is_closed_by_client()) {
        *self->m_gone = true;
      }
    }
  });
}

void HttpSession::begin_request() {
  if (!m_is_welcome) {
    refuse(503, fmt::format("there are {} connections already, as many as this server takes: try again later",
                            m_owner.limits().connections));
    return;
  }
  m_parser.emplace();
  m_parser->eager(true);
  m_parser->body_limit(m_owner.limits().body);
  m_parser->header_limit(m_owner.limits().header);
  m_header_seen = false;
  if (m_buffer.size() == 0) {
    if (m_buffer.capacity() > k_buffer_kept) {
      m_buffer = {};
    }
    set_state(State::idle);
    read_some();
  } else {
    // The client did not wait for the answer before it sent the next request.
    set_state(State::reading);
    parse();
  }
}

void HttpSession::read_some() {
  m_stream.read_some(m_buffer.prepare(m_state == State::idle ? k_first_read : k_read_at_once),
                     [self = shared_from_this()](const error_code& error, std::size_t count) {
                       if (self->m_timed_out) {
                         self->refuse(408, "the request took too long to arrive");
                       } else if (!error) {
                         self->m_buffer.commit(count);
                         if (self->m_state == State::idle) {
                           self->set_state(State::reading);
                         }
                         self->parse();
                       }
                       // Else the client is gone: there is nobody to tell.
                     });
}

void HttpSession::parse() {
  error_code error;
  const std::size_t used = m_parser->put(m_buffer.data(), error);
  m_buffer.consume(used);
  if (error == http::error::need_more) {
    error = {};
  }
  if (error) {
    const int status = status_of(error);
    refuse(status, status == 413   ? fmt::format("the body is larger than {} bytes", m_owner.limits().body)
                   : status == 431 ? fmt::format("the header is larger than {} bytes", m_owner.limits().header)
                                   : fmt::format("not a proper HTTP request: {}", error.message()));
    return;
  }
  if (m_parser->is_header_done() && !m_header_seen) {
    m_header_seen = true;
    on_header();
    return;
  }
  if (m_parser->is_done()) {
    dispatch();
  } else {
    read_some();
  }
}

void HttpSession::on_header() {
  // Where the body of a coding that is not known ends is anybody's guess, and what follows would pass for a request.
  const auto coding = m_parser->get()[http::field::transfer_encoding];
  if (!coding.empty() && !boost::beast::iequals(coding, "chunked")) {
    refuse(400, fmt::format("Transfer-Encoding '{}' is not known; send chunked or a Content-Length",
                            base::printable({coding.data(), coding.size()})));
    return;
  }
  if (m_parser->is_done()) {
    dispatch();
    return;
  }
  const auto length = m_parser->content_length();
  const std::size_t bytes = length ? static_cast<std::size_t>(*length) : m_owner.limits().body;
  if (bytes >= k_large_body) {
    ask_for_body(bytes);
  } else {
    read_body();
  }
}

void HttpSession::ask_for_body(std::size_t bytes) {
  if (!m_owner.reserve_body(bytes)) {
    refuse(503, fmt::format("the large bodies of requests under way are limited to {} bytes together: try again later",
                            m_owner.limits().bodies));
    return;
  }
  m_body_reserved = bytes;
  m_owner.admit(incoming(m_parser->get()), [self = shared_from_this()](std::optional<Response> refusal) {
    if (refusal) {
      self->write(std::move(*refusal), false);
    } else {
      self->read_body();
    }
  });
}

void HttpSession::release_body() {
  m_owner.release_body(std::exchange(m_body_reserved, 0));
}

Incoming HttpSession::incoming(const http::request<http::string_body>& request) const {
  const auto view = [](const auto& text) { return std::string_view{text.data(), text.size()}; };
  return {.method = view(request.method_string()),
          .target = view(request.target()),
          .authorization = view(request[http::field::authorization]),
          .client = m_client};
}

void HttpSession::read_body() {
  if (boost::beast::iequals(m_parser->get()[http::field::expect], "100-continue")) {
    m_stream.write({asio::buffer(k_continue), {}}, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!error) {
        self->parse_or_read();
      }
    });
    return;
  }
  parse_or_read();
}

void HttpSession::parse_or_read() {
  if (m_buffer.size() != 0) {
    parse();
  } else {
    read_some();
  }
}

void HttpSession::dispatch() {
  set_state(State::waiting);
  auto request = m_parser->release();
  const bool keep_alive = request.keep_alive();
  m_is_http_1_0 = request.version() < 11;
  m_gone = std::make_shared<std::atomic<bool>>(false);
  auto head = incoming(request);
  head.body = std::move(request.body());
  head.gone = m_gone;
  if (head.target.find("wait=") != std::string_view::npos) {
    watch_waiting_client();
  }
  m_owner.handle(std::move(head), [self = shared_from_this(), keep_alive,
                                   is_head = request.method() == http::verb::head](Response response) {
    if (is_head) {
      response.body.clear();
    }
    self->write(std::move(response), keep_alive);
  });
}

void HttpSession::refuse(int status, const std::string& message) {
  m_timed_out = false;
  write(error_response(status, message), false);
}

void HttpSession::write(Response response, bool keep_alive) {
  if (response.events) {
    begin_stream(*response.events);
    return;
  }
  release_body();
  set_state(State::writing);
  keep_alive = keep_alive && !m_owner.stopping();
  m_body = std::move(response.body);
  m_head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}{}\r\n", response.status,
                  reason_phrase(response.status), m_body.size(),
                  keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n", fields_for(response.status));
  const Stream::Buffers buffers{asio::buffer(m_head), asio::buffer(m_body)};
  m_stream.write(buffers, [self = shared_from_this(), keep_alive](const error_code& error, std::size_t) {
    if (error) {
      return;
    }
    self->m_body = {};
    if (keep_alive && !self->m_owner.stopping()) {
      self->begin_request();
    } else {
      self->drain();
    }
  });
}

void HttpSession::begin_stream(const EventFilter& filter) {
  m_parser.reset();
  m_buffer = {};
  m_outgoing = fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "{}Connection: close\r\n\r\n",
      m_is_http_1_0 ? "" : "Transfer-Encoding: chunked\r\n");
  set_state(State::streaming);
  m_owner.events().add(filter, shared_from_this());
  send_outgoing();
  if (m_owner.stopping()) {
    end_events();
  }
}

void HttpSession::send_later(std::string_view text) {
  if (m_is_http_1_0) {
    m_outgoing += text;
  } else {
    m_outgoing += fmt::format("{:x}\r\n{}\r\n", text.size(), text);
  }
  send_outgoing();
}

void HttpSession::send_outgoing() {
  if (m_sending || m_outgoing.empty()) {
    return;
  }
  m_body = std::exchange(m_outgoing, {});
  m_sending = true;
  m_last_sent = Clock::now();
  m_stream.write({asio::buffer(m_body), {}}, [self = shared_from_this()](const error_code& error, std::size_t) {
    self->m_sending = false;
    if (error) {
      self->abort();
    } else if (!self->m_outgoing.empty()) {
      self->send_outgoing();
    } else if (self->m_stream_ended) {
      self->drain();
    }
  });
}

void HttpSession::send_event(std::string_view text) {
  if (!m_outgoing.empty() && m_outgoing.size() + text.size() > k_backlog) {
    abort();
  } else {
    send_later(text);
  }
}

void HttpSession::end_events() {
  if (m_stream_ended) {
    return;
  }
  const auto self = shared_from_this();
  m_owner.events().remove(this);
  m_stream_ended = true;
  if (!m_is_http_1_0) {
    m_outgoing += "0\r\n\r\n";
  }
  if (m_sending || !m_outgoing.empty()) {
    send_outgoing();
  } else {
    drain();
  }
}

void HttpSession::tend_stream(Clock::time_point now) {
  const auto self = shared_from_this();
  set_state(State::streaming);
  const bool stuck = m_sending && now - m_last_sent > m_owner.limits().answer;
  if (stuck || m_stream.is_closed_by_client()) {
    abort();
  } else if (!m_sending && now - m_last_sent >= m_owner.limits().comment) {
    send_later(": keep-alive\n\n");
  }
}

void HttpSession::drain() {
  set_state(State::draining);
  m_buffer.clear();
  m_stream.end_sending([self = shared_from_this()] { self->drain_some(); });
}

void HttpSession::drain_some() {
  // Closing with unread bytes would reset the connection and take the answer from the client.
  m_stream.read_raw(m_buffer.prepare(k_read_at_once),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (!error) {
                        self->drain_some();
                      }
                    });
}

}  // namespace torc::server
