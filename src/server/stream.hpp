#pragma once

// The bytes of one connection, plain or encrypted. Includes Boost: for the files of the network only.

#include <array>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace torc::server {

class TlsContext;

/// A socket, with TLS over it where a context is given. Without one, operations go to the socket straight away.
/// At most one reading and one writing operation at a time, in the network's thread; a handler owns what it works on.
class Stream {
 public:
  using Error = boost::system::error_code;
  using Done = std::function<void(const Error& error, std::size_t count)>;
  using Buffers = std::array<boost::asio::const_buffer, 2>;

  /// @param tls  Null for a plain connection; used in this call only.
  Stream(boost::asio::ip::tcp::socket socket, const TlsContext* tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  bool is_encrypted() const { return m_tls != nullptr; }

  /// The server's side of TLS's beginning; of an encrypted connection only, and before all else.
  void handshake(std::function<void(const Error& error)> done);
  /// Whether a handshake's error says that the client speaks HTTP without TLS.
  static bool is_plain_request(const Error& error);
  /// Goes on without TLS, for an answer to a client that does not speak it.
  void drop_tls();

  template <typename Handler>
  void read_some(boost::asio::mutable_buffer buffer, Handler handler) {
    if (m_tls) {
      tls_read_some(buffer, std::move(handler));
    } else {
      m_socket.async_read_some(buffer, std::move(handler));
    }
  }

  /// Writes all of it.
  template <typename Handler>
  void write(const Buffers& buffers, Handler handler) {
    if (m_tls) {
      tls_write(buffers, std::move(handler));
    } else {
      boost::asio::async_write(m_socket, buffers, std::move(handler));
    }
  }

  /// Tells the client that nothing more comes; `done` may take as long as the client likes. Only raw reading follows.
  void end_sending(std::function<void()> done);
  /// Reads what the socket holds, encrypted or not: to be thrown away.
  template <typename Handler>
  void read_raw(boost::asio::mutable_buffer buffer, Handler handler) {
    m_socket.async_read_some(buffer, std::move(handler));
  }

  /// Calls `done` once the client has sent something, or has closed its side, or is gone.
  void wait_for_client(std::function<void(const Error& error)> done);
  /// Whether the client has closed its side or is gone, as far as this machine knows. Takes nothing of what it sent.
  bool is_closed_by_client();
  /// What is under way ends with an error.
  void cancel();
  void close();

 private:
  struct Tls;

  void tls_read_some(boost::asio::mutable_buffer buffer, Done done);
  void tls_write(const Buffers& buffers, Done done);
  void shut_down_sending();

  boost::asio::ip::tcp::socket m_socket;
  std::unique_ptr<Tls> m_tls;  ///< Works on m_socket.
};

}  // namespace torc::server
