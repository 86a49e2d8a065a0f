#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/access/guards.hpp"
#include "server/http/request.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// Where a handler runs. `write`: on the one thread that changes the database, inside a transaction, answered after its
/// commit. `read`: on a thread of its own, over a snapshot. `immediate`: at once on the network's thread; for answers
/// that cost nothing.
enum class Access { immediate, read, write };

/// Answers one request. What it throws becomes an error answer, and none of its changes is kept.
using Handler = Response (*)(const Request& request, store::Connection& connection);

struct Route {
  Method method;
  std::string_view pattern;  ///< "/workflows/{id}/status"
  Access access;
  Handler handler;
  Guard guard;
};

/// Every operation; the one list of them.
const std::vector<Route>& routes();

/// Finds the route for a target, and takes the target apart.
class Router {
 public:
  explicit Router(const std::vector<Route>& routes);

  struct Match {
    const Route* route{nullptr};  ///< Null where there is none.
    bool path_known{false};       ///< There is an operation of another method.
  };

  /// @param target  Path and query as they came, from the first '/' on. Fills in `request`'s path values and query.
  /// @throws RequestError 400 for a malformed target
  Match match(Method method, std::string_view target, Request& request) const;

  /// The same for a method as it stands on the request line; sets it in `request`, too.
  /// @throws RequestError 400, 404 for an unknown path, 405 for an unknown method
  const Route& find(std::string_view method, std::string_view target, Request& request) const;

  /// What every path begins with.
  static constexpr std::string_view k_prefix = "/torc-service/v1";

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string_view> segments;
  };

  std::vector<std::vector<Entry>> m_by_length;  ///< By the number of segments.
};

/// `text` with %XX decoded and, in a query, '+' as space.
/// @throws RequestError 400
std::string percent_decode(std::string_view text, bool is_query);

}  // namespace torc::server
