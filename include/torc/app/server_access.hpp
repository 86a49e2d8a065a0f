#pragma once

#include "torc/client/rest_api.hpp"

namespace torc::app {

/// How this command reaches its server, for other processes that need to reach it: runners on workers, and the process
/// that holds a tunnel. Contains secrets: never log it.
struct ServerAccess {
  client::Connection connection{};
  bool is_embedded{false};  ///< The server ends with this process (--standalone).
};

}  // namespace torc::app
