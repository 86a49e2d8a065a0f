#pragma once

#include <vector>

#include "server/router.hpp"

// The additions of this server to torc 0.23 as one unit: a server that runs without them behaves like torc 0.23
// (ServerOptions::no_additions).

namespace torc::server {

/// `all` without the operations that torc 0.23 does not have.
std::vector<Route> without_additions(const std::vector<Route>& all);

/// Removes parameters that torc 0.23 does not know, and therefore ignores, from the request.
void drop_additions(const Route& route, Request& request);

}  // namespace torc::server
