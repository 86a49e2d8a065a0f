#pragma once

// The bytes of one connection, plain or encrypted. Includes Boost: for the files of the network only.

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "server/http/network.hpp"

namespace torc::server {

class TlsContext;

/// A connected socket, with TLS over it if a context is given. Without one, operations go straight to the socket.
/// At most one reading and one writing operation at a time, in the network's thread; what they work on must outlive
/// them. An awaited operation does not throw for what goes wrong on the connection: it sets `error`.
class Stream {
 public:
  using Error = boost::system::error_code;
  using Socket = NetworkSocket;
  using Buffers = std::array<boost::asio::const_buffer, 2>;

  /// @param tls  Null for a plain connection; used in this call only.
  Stream(Socket socket, const TlsContext* tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  NetworkExecutor executor() { return m_socket.get_executor(); }
  bool is_encrypted() const { return m_tls != nullptr; }

  /// The server's side of the TLS handshake; of an encrypted connection only, and before all else.
  Awaitable<void> handshake(Error& error);
  /// Whether a handshake's error means that the client speaks HTTP without TLS.
  static bool is_plain_request(const Error& error);
  /// Goes on without TLS, to answer a client that does not speak it.
  void drop_tls();

  /// @returns how many bytes it read into `buffer`
  Awaitable<std::size_t> read_some(boost::asio::mutable_buffer buffer, Error& error);
  /// Writes all of it. @returns how many bytes that was
  Awaitable<std::size_t> write(Buffers buffers, Error& error);
  /// Tells the client that nothing more comes, which may take as long as the client likes. Only `read_raw` may follow.
  Awaitable<void> end_sending();
  /// Reads what the socket holds, encrypted or not: to be thrown away.
  Awaitable<std::size_t> read_raw(boost::asio::mutable_buffer buffer, Error& error);

  /// Calls `done` once the client has sent something, has closed its side, or is gone.
  void wait_for_client(std::function<void(const Error& error)> done);
  /// Whether the client has closed its side or is gone, as far as this machine knows. Takes nothing of what it sent.
  bool is_closed_by_client();
  /// Ends pending operations with an error.
  void cancel();
  /// The same, and closes the connection. May be called more than once.
  void close();

 private:
  struct Tls;

  Socket m_socket;
  std::unique_ptr<Tls> m_tls;  ///< Works on m_socket.
};

}  // namespace torc::server
