#include <fmt/format.h>

#include "server/handlers.hpp"
#include "torc/base/version.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server::system {

Response ping(const Request&, store::Connection&) { return {200, R"({"status":"ok"})"}; }

Response version(const Request&, store::Connection& connection) {
  model::ServerVersion version;
  version.version = fmt::format("{} ({})", base::k_version, base::k_build_id);
  version.api_version = base::k_api_version;
  version.git_hash = base::k_build_id;
  version.server_id = store::server_id(connection);
  // Own additions to the interface; clients use them only where they are named here.
  version.capabilities = {"claim_compute_node_id"};
  return answer(version);
}

}  // namespace torc::server::system
