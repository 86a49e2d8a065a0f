#pragma once

#include <memory>
#include <string>

#include "server/executor.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// The server without its network: takes requests, has them answered. `handle` and the replies belong to one thread,
/// the network's.
class Service {
 public:
  /// @param deliver  Hands answers over to the network's thread.
  Service(const store::Database& database, Deliver deliver, int readers = 2);

  /// Calls `reply` once, at once or later. Throws nothing.
  void handle(Incoming incoming, Reply reply);

 private:
  Router m_router;
  /// Closed last: only a connection that may write takes the -wal and -shm files away.
  Writer m_writer;
  Readers m_readers;
  store::Connection m_connection;  ///< For handlers that answer at once.
};

}  // namespace torc::server
