#include "server/http/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "server/http/tls_context.hpp"

namespace torc::server {

namespace asio = boost::asio;

namespace {

/// A client whose machine or network has failed sends nothing. Without this, such a client would wait for work, and
/// count as alive, until its time limit.
void notice_dead_peer(int socket) {
  const auto set = [socket](int level, int name, int value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);          // seconds
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);          // seconds
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);  // milliseconds
}

}  // namespace

struct Stream::Tls {
  Tls(Socket& socket, const TlsContext& context) : stream(socket, context.context()) {}

  asio::ssl::stream<Socket&> stream;
};

Stream::Stream(Socket socket, const TlsContext* tls) : m_socket(std::move(socket)) {
  Error ignored;
  m_socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  notice_dead_peer(m_socket.native_handle());
  if (tls != nullptr) {
    m_tls = std::make_unique<Tls>(m_socket, *tls);
  }
}

Stream::~Stream() = default;

Awaitable<void> Stream::handshake(Error& error) {
  return m_tls->stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(use_awaitable, error));
}

bool Stream::is_plain_request(const Error& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

void Stream::drop_tls() {
  m_tls.reset();
}

Awaitable<std::size_t> Stream::read_some(asio::mutable_buffer buffer, Error& error) {
  return m_tls ? m_tls->stream.async_read_some(buffer, asio::redirect_error(use_awaitable, error))
               : m_socket.async_read_some(buffer, asio::redirect_error(use_awaitable, error));
}

Awaitable<std::size_t> Stream::write(Buffers buffers, Error& error) {
  return m_tls ? asio::async_write(m_tls->stream, buffers, asio::redirect_error(use_awaitable, error))
               : asio::async_write(m_socket, buffers, asio::redirect_error(use_awaitable, error));
}

Awaitable<void> Stream::end_sending() {
  Error ignored;
  if (m_tls) {
    // Without this the client could not distinguish the end from an interrupted connection.
    co_await m_tls->stream.async_shutdown(asio::redirect_error(use_awaitable, ignored));
  }
  m_socket.shutdown(Socket::shutdown_send, ignored);
}

Awaitable<std::size_t> Stream::read_raw(asio::mutable_buffer buffer, Error& error) {
  return m_socket.async_read_some(buffer, asio::redirect_error(use_awaitable, error));
}

void Stream::wait_for_client(std::function<void(const Error& error)> done) {
  m_socket.async_wait(Socket::wait_read, std::move(done));
}

bool Stream::is_closed_by_client() {
  pollfd polled{.fd = m_socket.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

void Stream::cancel() {
  Error ignored;
  m_socket.cancel(ignored);
}

void Stream::close() {
  Error ignored;
  m_socket.close(ignored);
}

}  // namespace torc::server
