#include <fmt/format.h>

#include "server/access/authenticator.hpp"
#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "torc/base/log.hpp"
#include "torc/base/version.hpp"
#include "torc/model/capability.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server::system {
namespace {

std::size_t reload_users(Authenticator& authenticator) {
  try {
    return authenticator.reload();
  } catch (const base::Error& error) {
    base::log_error("the previous users stay in use: {}", error.what());
    throw RequestError(422, fmt::format("the previous users stay in use: {}", error.what()));
  }
}

}  // namespace

Response ping(const Request&, store::Connection&) {
  return {200, R"({"status":"ok"})"};
}

Response version(const Request& request, store::Connection& connection) {
  model::ServerVersion version;
  version.version = fmt::format("{} ({})", base::k_version, base::k_build_id);
  version.api_version = base::k_api_version;
  version.git_hash = base::k_build_id;
  if (!request.additions) {
    return answer(version);
  }
  version.server_id = store::server_id(connection);
  version.program_version = base::k_program_version;
  auto& announced = version.capabilities.emplace();
  for (const auto capability : model::k_capabilities) {
    announced.emplace_back(model::to_string(capability));
  }
  return answer(version);
}

/// Without a password file, the response has the text of 0.23.
Response reload_auth(const Request& request, store::Connection&) {
  if (request.authenticator != nullptr) {
    const auto count = reload_users(*request.authenticator);
    return answer(nlohmann::json{{"message", fmt::format("Reloaded {} user(s)", count)}, {"user_count", count}});
  }
  return {
      422,
      model::dump_json(
          {{"error",
            {{"error", "NoAuthFile"},
             {"message", "No auth file configured. Start the server with --auth-file to enable auth reloading."}}}})};
}

}  // namespace torc::server::system
