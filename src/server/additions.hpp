#pragma once

#include <vector>

#include "server/router.hpp"

// What this server has beyond torc 0.23, seen as one thing: a server that is told to do without it is to clients what
// torc 0.23's is (ServerOptions::additions).

namespace torc::server {

/// `all` without the operations that torc 0.23 does not have.
std::vector<Route> without_additions(const std::vector<Route>& all);

/// Takes parameters out of the request that torc 0.23 does not know; it ignores them.
void drop_additions(const Route& route, Request& request);

}  // namespace torc::server
