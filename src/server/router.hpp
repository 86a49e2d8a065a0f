#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/access/guards.hpp"
#include "server/http/request.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// The thread that runs a handler. `write`: the one thread that changes the database, inside a transaction; the
/// response is sent after its commit. `read`: a reader thread, on a snapshot. `immediate`: the network's thread; for
/// trivial responses.
enum class Access { immediate, read, write };

/// Handles one request. An exception becomes an error response, and all changes are rolled back.
using Handler = Response (*)(const Request& request, store::Connection& connection);

struct Route {
  Method method;
  std::string_view pattern;  ///< "/workflows/{id}/status"
  Access access;
  Handler handler;
  Guard guard;
};

/// The list of all operations.
const std::vector<Route>& routes();

/// Finds the route of a request target and parses the target.
class Router {
 public:
  explicit Router(const std::vector<Route>& routes);

  struct Match {
    const Route* route{nullptr};  ///< Null if there is none.
    bool path_known{false};       ///< The path has an operation with another method.
  };

  /// @param target  Path and query as received, from the first '/' on. Its path values and query are stored in
  /// `request`.
  /// @throws RequestError 400 for a malformed target
  Match match(Method method, std::string_view target, Request& request) const;

  /// The same for a method as it appears on the request line; also sets `request.method`.
  /// @throws RequestError 400, 404 for an unknown path, 405 for an unknown method
  const Route& find(std::string_view method, std::string_view target, Request& request) const;

  /// The prefix of every path.
  static constexpr std::string_view k_prefix = "/torc-service/v1";

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string_view> segments;
  };

  std::vector<std::vector<Entry>> m_by_length;  ///< By number of segments.
};

/// `text` with %XX decoded and, in a query, '+' replaced by a space.
/// @throws RequestError 400
std::string percent_decode(std::string_view text, bool is_query);

}  // namespace torc::server
