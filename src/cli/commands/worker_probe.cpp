#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/checks.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/version.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::cli {
namespace {

nlohmann::json probe_server(CommandContext& context) {
  try {
    context.api().version();
    return {{"reached", true}};
  } catch (const base::ApiError& error) {
    return {{"reached", false}, {"error", error.cause().empty() ? error.what() : error.cause()}};
  } catch (const base::Error& error) {
    return {{"reached", false}, {"error", error.what()}};
  }
}

/// Whether the runner recorded in the state directory is still running.
nlohmann::json probe_worker(const std::string& state_directory) {
  std::string text;
  try {
    text = base::read_file(state_directory + "/worker");
  } catch (const base::SystemError&) {
    return {{"alive", false}};
  }
  std::optional<std::int64_t> pid;
  std::optional<std::int64_t> ticks;
  std::string boot;
  for (const auto& line : base::split_lines(text)) {
    const auto equals = line.find('=');
    const std::string name = line.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
    if (name == "pid") {
      pid = base::parse_int(value);
    } else if (name == "start_ticks") {
      ticks = base::parse_int(value);
    } else if (name == "boot_id") {
      boot = value;
    }
  }
  if (!pid || !ticks || !proc::may_be_this_boot(boot)) {
    return {{"alive", false}};
  }
  const auto now = proc::start_ticks(static_cast<pid_t>(*pid));
  return {{"alive", now && *now == static_cast<std::uint64_t>(*ticks)}, {"pid", *pid}};
}

int probe(CommandContext& context) {
  const nlohmann::json answer{{"torc_probe", 1},
                              {"version", base::k_version},
                              {"build_id", base::k_build_id},
                              {"server", probe_server(context)},
                              {"worker", probe_worker(base::env_or("TORC_WORKER_STATE"))}};
  // One line in every output format, because a script includes it in its report.
  const Output plain(false);
  plain.line(base::printable_json(model::dump_json(answer)));
  return k_exit_ok;
}

}  // namespace

CommandInfo worker_probe_command() {
  // The ID is not used, but the parser writes to it, so it must outlive the command.
  auto id = std::make_shared<model::Id>(0);
  return {.path = "worker-probe",
          .summary = "Report this torc to 'torc remote run'",
          .options = {{.names = "workflow-id", .target = id.get(), .check = check_id, .help = "ID of the workflow"}},
          .examples = {{.command = "torc worker-probe 42"}},
          .hidden = true,
          .run = [id](CommandContext& context) { return probe(context); }};
}

}  // namespace torc::cli
