#include "server/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "server/tls_context.hpp"

namespace torc::server {

namespace asio = boost::asio;

namespace {

/// A client whose machine or network is gone says nothing; without this, one that waits for work would wait on, and
/// count as alive, until its time is up.
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
  Tls(asio::ip::tcp::socket& socket, const TlsContext& context) : stream(socket, context.context()) {}

  asio::ssl::stream<asio::ip::tcp::socket&> stream;
};

Stream::Stream(asio::ip::tcp::socket socket, const TlsContext* tls) : m_socket(std::move(socket)) {
  Error ignored;
  m_socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  notice_dead_peer(m_socket.native_handle());
  if (tls != nullptr) {
    m_tls = std::make_unique<Tls>(m_socket, *tls);
  }
}

Stream::~Stream() = default;

void Stream::handshake(std::function<void(const Error& error)> done) {
  m_tls->stream.async_handshake(asio::ssl::stream_base::server, std::move(done));
}

bool Stream::is_plain_request(const Error& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

void Stream::drop_tls() {
  m_tls.reset();
}

void Stream::tls_read_some(asio::mutable_buffer buffer, Done done) {
  m_tls->stream.async_read_some(buffer, std::move(done));
}

void Stream::tls_write(const Buffers& buffers, Done done) {
  asio::async_write(m_tls->stream, buffers, std::move(done));
}

void Stream::shut_down_sending() {
  Error ignored;
  m_socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Stream::end_sending(std::function<void()> done) {
  if (!m_tls) {
    shut_down_sending();
    done();
    return;
  }
  // Without this a client could not tell the end from a connection that somebody cut.
  m_tls->stream.async_shutdown([this, done = std::move(done)](const Error&) {
    shut_down_sending();
    done();
  });
}

void Stream::wait_for_client(std::function<void(const Error& error)> done) {
  m_socket.async_wait(asio::ip::tcp::socket::wait_read, std::move(done));
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
