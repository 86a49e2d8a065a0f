#include "torc/app/fleet/start_settings.hpp"

#include <string>
#include <utility>
#include <vector>

#include "torc/base/file.hpp"
#include "torc/base/version.hpp"

namespace torc::app {
namespace {

/// Variables with which the runners reach the server; they contain secrets.
std::vector<std::pair<std::string, std::string>> runner_environment(const client::Connection& connection) {
  std::vector<std::pair<std::string, std::string>> variables{{"TORC_API_URL", connection.url},
                                                             {"TORC_USERNAME", connection.user}};
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

remote::StartSettings start_settings(const remote::WorkflowRef& workflow, const remote::SshOptions& ssh,
                                     const ServerAccess& server) {
  remote::StartSettings settings;
  settings.workflow = workflow;
  settings.version = base::k_version;
  settings.environment = runner_environment(server.connection);
  if (const auto& file = server.connection.tls_ca_cert; !file.empty()) {
    settings.ca_certificate = base::read_file(file);
  }
  settings.limit = std::chrono::ceil<std::chrono::seconds>(ssh.script_limit);
  return settings;
}

}  // namespace torc::app
