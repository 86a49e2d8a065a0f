#include <algorithm>

#include "cli/install_torc.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/version.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string prefix{"~/.local"};
  bool force{false};
  SshSettings ssh{};
};

nlohmann::json row(const remote::Worker& worker, const remote::InstallResult& result) {
  auto json = worker_json(worker, result.ok);
  if (result.ok) {
    json["file"] = result.path;
    json["version"] = base::k_version;
    json["installed"] = result.installed;
  } else if (!result.reached && !result.canceled) {
    json["state"] = remote::to_string(remote::State::unreachable);
  }
  if (!result.message.empty()) {
    json["message"] = result.message;
  }
  return json;
}

int run(const Options& options, Services& services) {
  remote::check_prefix(options.prefix);
  const model::Id id = services.workflow_id(options.workflow_id);
  const auto workers = stored_workers(services.api(), id, options.ssh.hosts);
  if (workers.empty()) {
    return fail_without_workers(services.output(), id, "Use 'torc remote add-workers' first.");
  }
  const InstallRequest request{
      .workflow = workflow_ref(services.api(), id), .prefix = options.prefix, .force = options.force};
  const auto results = install_torc(request, workers, options.ssh, services);
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    rows.push_back(row(workers[i], results[i]));
  }
  if (services.output().json()) {
    services.output().document(remote_document(id, std::move(rows)));
  }
  const bool good = std::all_of(results.begin(), results.end(), [](const auto& each) { return each.ok; });
  return good ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_install(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("install", "Copy this torc to the workers that have none of its version");
  add_optional_workflow_id(command, options->workflow_id);
  add_prefix_option(command, options->prefix);
  command.flag("--force", options->force, "Copy it whatever they have");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote install 42\n"
      "  torc remote install 42 --prefix /opt/torc --host 'gpu*' --force\n"
      "  torc remote run 42 --install\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
