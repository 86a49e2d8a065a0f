#include "server/http/http_session.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "server/errors.hpp"
#include "server/http/await_call.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t k_read_at_once = 16 * 1024;
/// Most requests fit into this size; thousands of idle connections have such a buffer.
constexpr std::size_t k_first_read = 2 * 1024;
constexpr std::chrono::seconds k_drain_time{3};
/// Interval between checks whether a waiting client is still connected.
constexpr std::chrono::seconds k_client_check{1};
constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Header fields that the status of a response requires.
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

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// @param name  A field's name, or Beast's constant for it.
template <typename Name>
HeadField head_field(const http::fields& fields, Name name) {
  HeadField found;
  const auto [begin, end] = fields.equal_range(name);
  for (auto field = begin; field != end; ++field) {
    if (found.count++ == 0) {
      found.value = view(field->value());
    }
  }
  return found;
}

BrowserFields browser_fields(const http::fields& fields, bool has_body) {
  return {.host = head_field(fields, http::field::host),
          .origin = head_field(fields, http::field::origin),
          .fetch_site = head_field(fields, "Sec-Fetch-Site"),
          .fetch_mode = head_field(fields, "Sec-Fetch-Mode"),
          .media_type = head_field(fields, http::field::content_type),
          .has_body = has_body};
}

/// A registration in the hub that is removed when the coroutine ends or is destroyed.
class Following {
 public:
  Following(EventHub& hub, const EventFilter& filter, std::shared_ptr<EventSink> sink)
      : m_hub(hub), m_sink(sink.get()) {
    m_hub.add(filter, std::move(sink));
  }
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;
  ~Following() { m_hub.remove(m_sink); }

 private:
  EventHub& m_hub;
  EventSink* m_sink;
};

/// The message of the exception that is being handled.
std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

HttpSession::HttpSession(Stream::Socket socket, std::string client, const TlsContext* tls, SessionOwner& owner)
    : m_owner(owner),
      m_client(std::move(client)),
      m_stream(std::move(socket), tls),
      m_reader(owner.limits().header, owner.limits().body) {}

HttpSession::~HttpSession() {
  release_body();
  m_owner.ended(this);
}

void HttpSession::start(bool is_welcome) {
  m_is_welcome = is_welcome;
  set_state(m_stream.is_encrypted() ? State::handshake : State::idle);
  asio::co_spawn(
      m_stream.executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

Awaitable<void> HttpSession::run() {
  std::string failure;
  try {
    co_await serve();
    co_return;
  } catch (...) {
    failure = current_exception_text();
  }
  base::log_error("closing the connection of {} after an internal error: {}", m_client, base::printable(failure));
  if (m_state != State::handshake && m_state < State::writing) {
    try {
      co_await refuse(m_state == State::waiting ? 500 : 400, "the server failed to handle this request; see its log");
    } catch (...) {
      base::log_error("cannot respond to {} after that error: {}", m_client, base::printable(current_exception_text()));
    }
  }
}

Awaitable<void> HttpSession::serve() {
  if (m_stream.is_encrypted() && !co_await shake_hands()) {
    co_return;
  }
  if (!m_is_welcome) {
    co_await refuse(503, fmt::format("the server already has the maximum of {} connections; try again later",
                                     m_owner.limits().connections));
    co_return;
  }
  bool running = true;
  while (running) {
    if (!co_await read_request()) {
      co_return;
    }
    running = co_await answer_request();
  }
  co_await drain();
}

Awaitable<bool> HttpSession::shake_hands() {
  Stream::Error error;
  co_await m_stream.handshake(error);
  if (!error) {
    co_return true;
  }
  if (Stream::is_plain_request(error)) {
    m_stream.drop_tls();
    co_await refuse(400, "this server speaks HTTPS: its URL begins with https://");
  }
  // Otherwise the client does not trust the certificate or has disconnected, so there is no one to respond to.
  co_return false;
}

Awaitable<bool> HttpSession::read_request() {
  m_reader.begin();
  // A client may send its next request before it receives the last response.
  set_state(m_reader.has_bytes() ? State::reading : State::idle);
  for (;;) {
    const auto progress = m_reader.parse();
    if (progress == RequestReader::Progress::complete) {
      co_return true;
    }
    if (progress == RequestReader::Progress::unreadable) {
      co_await refuse(m_reader.error().status, m_reader.error().message);
      co_return false;
    }
    if (progress == RequestReader::Progress::head_complete) {
      if (!co_await accept_body()) {
        co_return false;
      }
    } else if (!co_await receive()) {
      co_return false;
    }
  }
}

Awaitable<bool> HttpSession::receive() {
  // A chunked body does not announce its size, so it is counted as it grows.
  const std::size_t size = m_state == State::idle ? 0 : m_reader.body_size();
  // Nor does it announce whether it is empty.
  if (size > 0 && !std::exchange(m_incoming.fields.has_body, true) && co_await refuse_by_rules()) {
    co_return false;
  }
  if (size >= k_large_body && size > m_body_reserved && !reserve_body(std::min(2 * size, m_owner.limits().body))) {
    co_await refuse(503, too_many_bodies());
    co_return false;
  }
  Stream::Error error;
  const auto room = m_reader.prepare(m_state == State::idle ? k_first_read : k_read_at_once);
  const std::size_t count = co_await m_stream.read_some(room, error);
  if (m_timed_out) {
    co_await refuse(408, "the request took too long to arrive");
    co_return false;
  }
  if (error) {
    co_return false;  // The client has disconnected.
  }
  m_reader.commit(count);
  if (m_state == State::idle) {
    set_state(State::reading);
  }
  co_return true;
}

Awaitable<bool> HttpSession::accept_body() {
  m_incoming = incoming();
  if (co_await refuse_by_rules()) {
    co_return false;
  }
  if (m_reader.is_complete()) {
    co_return true;
  }
  const auto announced = m_reader.announced_body();
  const std::size_t large = announced.value_or(0) >= k_large_body ? *announced : 0;
  if (!reserve_body(large)) {
    co_await refuse(503, too_many_bodies());
    co_return false;
  }
  if (large > 0 || !announced) {
    // This time does not count for the client: checking its password may take a while.
    set_state(State::admitting);
    auto ask = [this](auto done) { m_owner.admit(m_incoming, std::move(done)); };
    auto refusal = co_await await_call<std::optional<Response>>(m_call, ask);
    if (refusal) {
      co_await write(std::move(*refusal), /*keep_alive=*/false);
      co_await drain();
      co_return false;
    }
  }
  set_state(State::reading);
  if (boost::beast::iequals(m_reader.message()[http::field::expect], "100-continue")) {
    Stream::Error error;
    co_await m_stream.write({asio::buffer(k_continue), {}}, error);
    co_return !error;
  }
  co_return true;
}

Awaitable<bool> HttpSession::refuse_by_rules() {
  auto refusal = m_owner.refusal(m_incoming);
  if (!refusal) {
    co_return false;
  }
  if (m_reader.is_head_request()) {
    refusal->body.clear();
  }
  co_await write(std::move(*refusal), /*keep_alive=*/false);
  co_await drain();
  co_return true;
}

Awaitable<bool> HttpSession::answer_request() {
  set_state(State::waiting);
  const auto& message = m_reader.message();
  const bool keep_alive = m_reader.keeps_alive();
  const bool is_head = m_reader.is_head_request();
  const bool is_http_1_0 = message.version() < 11;
  m_gone = std::make_shared<std::atomic<bool>>(false);
  m_incoming.body = std::move(m_reader.message().body());
  m_incoming.gone = m_gone;
  if (m_incoming.target.find("wait=") != std::string_view::npos) {
    watch_waiting_client();
  }
  auto ask = [this](auto done) { m_owner.handle(std::exchange(m_incoming, {}), std::move(done)); };
  Response response = co_await await_call<Response>(m_call, ask);
  if (response.events) {
    m_event_stream =
        std::make_shared<EventStream>(m_stream, !is_http_1_0, m_owner.limits().comment, m_owner.limits().answer);
    co_await stream_events(*response.events);
    co_return false;
  }
  if (is_head) {
    response.body.clear();
  }
  co_return co_await write(std::move(response), keep_alive);
}

Awaitable<bool> HttpSession::write(Response response, bool keep_alive) {
  release_body();
  set_state(State::writing);
  keep_alive = keep_alive && !m_owner.stopping();
  m_body = std::move(response.body);
  m_head =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}{}\r\n", response.status,
                  reason_phrase(response.status), m_body.size(),
                  keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n", fields_for(response.status));
  Stream::Error error;
  co_await m_stream.write({asio::buffer(m_head), asio::buffer(m_body)}, error);
  m_body = {};
  if (error) {
    m_stream.close();
  }
  co_return !error && keep_alive && !m_owner.stopping();
}

Awaitable<void> HttpSession::refuse(int status, std::string message) {
  m_timed_out = false;
  auto response = error_response(status, message);
  if (m_reader.is_head_request()) {
    response.body.clear();
  }
  co_await write(std::move(response), /*keep_alive=*/false);
  co_await drain();
}

Awaitable<void> HttpSession::stream_events(const EventFilter& filter) {
  m_reader.release_memory();
  release_body();
  set_state(State::streaming);
  const Following following{m_owner.events(), filter, m_event_stream};
  if (m_owner.stopping()) {
    m_event_stream->end_events();
  }
  co_await m_event_stream->run();
}

Awaitable<void> HttpSession::drain() {
  set_state(State::draining);
  co_await m_stream.end_sending();
  std::string rest(k_read_at_once, '\0');
  Stream::Error error;
  while (!error) {
    co_await m_stream.read_raw(asio::buffer(rest), error);
  }
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
    case State::admitting:
    case State::waiting:
    case State::streaming:
      m_deadline = Clock::now() + k_client_check;
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
  if (m_state == State::admitting) {
    set_state(State::admitting);
  } else if (m_state == State::waiting) {
    check_waiting_client();
  } else if (m_state == State::streaming) {
    set_state(State::streaming);
    m_event_stream->check(now);
  } else if (m_state == State::reading) {
    // The pending read fails, and `receive` sends the response.
    m_timed_out = true;
    m_stream.cancel();
  } else {
    abort();
  }
}

void HttpSession::stop() {
  if (m_state == State::streaming) {
    m_event_stream->end_events();
  } else if (m_state != State::waiting && m_state != State::writing) {
    abort();
  }
}

void HttpSession::abort() {
  if (m_event_stream) {
    m_event_stream->abort();
  } else {
    m_stream.close();
  }
}

void HttpSession::abandon() noexcept {
  if (const auto call = m_call.lock()) {
    call->abandon();
  }
}

void HttpSession::check_waiting_client() {
  set_state(State::waiting);
  m_reader.release_memory();
  if (m_stream.is_closed_by_client()) {
    *m_gone = true;
  }
}

void HttpSession::watch_waiting_client() {
  if (std::exchange(m_is_watched, true)) {
    return;
  }
  // A weak reference, because this wait may outlast the request: it ends when the client sends something.
  m_stream.wait_for_client([weak = weak_from_this()](const Stream::Error& error) {
    if (const auto self = weak.lock()) {
      self->m_is_watched = false;
      if (!error && self->m_state == State::waiting && self->m_stream.is_closed_by_client()) {
        *self->m_gone = true;
      }
    }
  });
}

Incoming HttpSession::incoming() {
  const auto& message = m_reader.message();
  return {.method = view(message.method_string()),
          .target = view(message.target()),
          .authorization = view(message[http::field::authorization]),
          .client = m_client,
          .fields = browser_fields(message, m_reader.announced_body().value_or(0) > 0)};
}

bool HttpSession::reserve_body(std::size_t bytes) {
  if (bytes > m_body_reserved) {
    if (!m_owner.reserve_body(bytes - m_body_reserved)) {
      return false;
    }
    m_body_reserved = bytes;
  }
  return true;
}

void HttpSession::release_body() {
  m_owner.release_body(std::exchange(m_body_reserved, 0));
}

std::string HttpSession::too_many_bodies() const {
  return fmt::format("the large bodies of all current requests are limited to {} bytes in total; try again later",
                     m_owner.limits().bodies);
}

}  // namespace torc::server
