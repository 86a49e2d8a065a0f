#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/executor.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// The server without its network: takes requests, has them answered. `handle` and the replies belong to one thread,
/// the network's.
class Service {
 public:
  /// @param deliver  Hands answers over to the network's thread.
  Service(const store::Database& database, Deliver deliver);

  /// Calls `reply` once, at once or later. Throws nothing.
  ///
  /// @param method  As on the request line: "GET".
  /// @param target  From the first '/' on.
  void handle(std::string_view method, std::string_view target, std::string body, Reply reply);

 private:
  Router m_router;
  /// Closed last: only a connection that may write takes the -wal and -shm files away.
  Writer m_writer;
  Readers m_readers;
  store::Connection m_connection;  ///< For handlers that answer at once.
};

}  // namespace torc::server
