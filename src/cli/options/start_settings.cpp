#include "cli/options/start_settings.hpp"

#include <cmath>

#include "torc/base/file.hpp"
#include "torc/base/version.hpp"

namespace torc::cli {
namespace {

/// What the runners must know of the server, and nobody else.
std::vector<std::pair<std::string, std::string>> runner_environment(Services& services) {
  const auto& connection = services.options().connection;
  std::vector<std::pair<std::string, std::string>> variables{{"TORC_API_URL", services.api_url()},
                                                             {"TORC_USERNAME", services.user()}};
  if (!connection.password.empty()) {
    variables.emplace_back("TORC_PASSWORD", connection.password);
  }
  if (connection.tls_insecure) {
    variables.emplace_back("TORC_TLS_INSECURE", "true");
  }
  if (!connection.cookie_header.empty()) {
    variables.emplace_back("TORC_COOKIE_HEADER", connection.cookie_header);
  }
  return variables;
}

}  // namespace

remote::StartSettings start_settings(model::Id workflow_id, const SshSettings& ssh, Services& services) {
  remote::StartSettings settings;
  settings.workflow = workflow_ref(services.api(), workflow_id);
  settings.version = base::k_version;
  settings.environment = runner_environment(services);
  if (const auto& file = services.options().connection.tls_ca_cert; !file.empty()) {
    settings.ca_certificate = base::read_file(file);
  }
  settings.limit = std::chrono::seconds(static_cast<std::int64_t>(std::ceil(ssh.limit_seconds)));
  return settings;
}

}  // namespace torc::cli
