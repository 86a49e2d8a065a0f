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
  /// @param deliver    Hands answers over to the network's thread.
  /// @param announce   The same for events; may be empty.
  /// @param listeners  How many follow events; outlives the service. Null: nobody ever does.
  Service(const store::Database& database, Deliver deliver, Announce announce = {},
          const std::atomic<int>* listeners = nullptr);

  /// Calls `reply` once, at once or later. Throws nothing.
  void handle(Incoming incoming, Reply reply);

  /// From any thread: answers claims that wait for work, now and from now on at once.
  void end_waits() { m_writer.end_waits(); }

 private:
  Router m_router;
  /// Closed last: only a connection that may write takes the -wal and -shm files away.
  Writer m_writer;
  Readers m_readers;
  store::Connection m_connection;  ///< For handlers that answer at once.
};

}  // namespace torc::server
