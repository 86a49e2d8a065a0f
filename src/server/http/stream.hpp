#pragma once

// The bytes of one connection, plain or encrypted. Includes Boost, so only network files may include this.

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "server/http/network.hpp"

namespace torc::server {

class TlsContext;

/// A connected socket, with TLS if a context is given; otherwise operations go straight to the socket. At most one read
/// and one write operation at a time, in the network's thread; their buffers must outlive them. An awaited operation
/// does not throw for connection errors: it sets `error`.
class Stream {
 public:
  using Error = boost::system::error_code;
  using Socket = NetworkSocket;
  using Buffers = std::array<boost::asio::const_buffer, 2>;

  /// @param tls  Null for a plain connection; used only during this call.
  Stream(Socket socket, const TlsContext* tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  NetworkExecutor executor() { return m_socket.get_executor(); }
  bool is_encrypted() const { return m_tls != nullptr; }

  /// The server's side of the TLS handshake; only for an encrypted connection, before all other operations.
  Awaitable<void> handshake(Error& error);
  /// Whether a handshake failed because the client speaks HTTP without TLS.
  static bool is_plain_request(const Error& error);
  /// Continues without TLS, to respond to a client that does not speak it.
  void drop_tls();

  /// @returns the number of bytes read into `buffer`
  Awaitable<std::size_t> read_some(boost::asio::mutable_buffer buffer, Error& error);
  /// Writes all bytes. @returns their number
  Awaitable<std::size_t> write(Buffers buffers, Error& error);
  /// Tells the client that nothing more follows, which may take as long as the client likes. Only `read_raw` may
  /// follow.
  Awaitable<void> end_sending();
  /// Reads bytes from the socket, encrypted or not, to discard them.
  Awaitable<std::size_t> read_raw(boost::asio::mutable_buffer buffer, Error& error);

  /// Calls `done` once the client has sent something, has closed its side, or has disconnected.
  void wait_for_client(std::function<void(const Error& error)> done);
  /// Whether the client has closed its side or disconnected, as far as this machine knows. Consumes no data.
  bool is_closed_by_client();
  /// Makes pending operations fail.
  void cancel();
  /// The same, and closes the connection. Can be called repeatedly.
  void close();

 private:
  struct Tls;

  Socket m_socket;
  std::unique_ptr<Tls> m_tls;  ///< Wraps m_socket.
};

}  // namespace torc::server
