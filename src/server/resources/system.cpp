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
  version.capabilities = {"batch_complete_jobs", "claim_compute_node_id", "claim_start", "claim_wait",
                          "events_stream",       "heartbeat",             "initialize_next_run", "summary"};
  return answer(version);
}

/// Users come from a file that this server was not given: the words of 0.23 for that.
Response reload_auth(const Request&, store::Connection&) {
  return {422, model::dump_json({{"error",
                                  {{"error", "NoAuthFile"},
                                   {"message",
                                    "No auth file configured. Start the server with --auth-file to enable auth reloading."}}}})};
}

}  // namespace torc::server::system
