#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/reporters.hpp"
#include "torc/app/fleet/install_torc.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/base/version.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string prefix{"~/.local"};
  std::string binary_dir{};
  bool force{false};
  SshSettings ssh{};
};

nlohmann::json row(const remote::Worker& worker, const remote::InstallResult& result) {
  auto json = worker_json(worker, result.ok);
  if (result.ok) {
    json["file"] = result.path;
    json["version"] = base::k_version;
    json["installed"] = result.installed;
    if (result.installed) {
      json["program"] = result.program;
    }
  } else if (!result.reached && !result.canceled) {
    json["state"] = remote::to_string(remote::State::unreachable);
  }
  if (!result.message.empty()) {
    json["message"] = result.message;
  }
  return json;
}

int run(const Options& options, CommandContext& context) {
  remote::check_prefix(options.prefix);
  return with_fleet(context, options.workflow_id, std::nullopt, options.ssh, [&](const app::Fleet& fleet) {
    const auto reporter = make_reporter(context.output());
    const auto outcomes =
        app::install_torc(app::workflow_ref(context.api(), fleet.workflow_id), fleet,
                          {.prefix = options.prefix, .binary_dir = options.binary_dir, .force = options.force},
                          make_ssh_options(options.ssh), *reporter, context.stop_on_signal());
    if (context.output().json()) {
      context.output().document(fleet_document(fleet.workflow_id, outcomes, row));
    }
    const auto good = app::count_if(outcomes, [](const auto& each) { return each.ok; });
    return good == outcomes.size() ? k_exit_ok : k_exit_failure;
  });
}

}  // namespace

CommandInfo remote_install_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote install",
          .summary = "Copy this torc to the workers that do not have its version",
          .description =
              "Each worker gets this program if it starts there; otherwise, the portable program for its processor "
              "(torc-linux-x86_64 or torc-linux-aarch64).",
          .options = joined(
              {workflow_id_argument(options->workflow_id),
               prefix_option(options->prefix),
               binary_dir_option(options->binary_dir),
               {.names = "--force", .target = &options->force, .help = "Copy it even if a worker has this version"},
               host_option(options->ssh)},
              ssh_options(options->ssh)),
          .examples = {{.command = "torc remote install 42"},
                       {.command = "torc remote install 42 --prefix /opt/torc --host 'gpu*' --force"},
                       {.command = "torc remote install 42 --binary-dir ~/torc-portable"},
                       {.command = "torc remote run 42 --install"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
