#pragma once

#include "torc/client/rest_api.hpp"

namespace torc::app {

/// How this command reaches its server, for processes that are to reach it as well: runners on workers, the one that
/// holds a tunnel. Holds secrets: never log it.
struct ServerAccess {
  client::Connection connection{};
  bool is_embedded{false};  ///< The server ends with this process (--standalone).
};

}  // namespace torc::app
