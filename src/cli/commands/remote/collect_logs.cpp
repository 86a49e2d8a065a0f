#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/max_size_option.hpp"
#include "cli/print/reporters.hpp"
#include "torc/app/fleet/fleet_operations.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string local_dir{"remote_logs"};
  std::optional<std::string> remote_dir{};
  bool remove{false};
  bool force{false};
  bool extract{false};
  std::optional<std::uint64_t> max_size{};
  SshSettings ssh{};
};

/// Whether everything that was requested was done.
bool is_complete(const remote::CollectResult& result) {
  return result.ok && result.skipped.empty();
}

std::string result_line(const remote::Worker& worker, const remote::CollectResult& result) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  if (result.missing) {
    return fmt::format("  [OK] {}: No output directory found", worker.name);
  }
  const std::string skipped = result.skipped.empty() ? ""
                                                     : fmt::format("; {} not unpacked, only in the archive: {}",
                                                                   result.skipped.count(), result.skipped.text());
  return fmt::format("  [{}] {}: Saved to {}{}{}{}", is_complete(result) ? "OK" : "INCOMPLETE", worker.name,
                     result.file, result.extracted.empty() ? "" : ", unpacked in " + result.extracted,
                     result.removed ? " and deleted remote"
                     : result.kept  ? "; deleted remote except for files in use or changed, which were kept"
                                    : "",
                     skipped);
}

nlohmann::json row(const remote::Worker& worker, const remote::CollectResult& result) {
  auto json = worker_json(worker, is_complete(result));
  if (!result.file.empty()) {
    json["file"] = result.file;
  }
  if (!result.extracted.empty()) {
    json["extracted"] = result.extracted;
  }
  for (const auto& [name, list] : {std::pair{"skipped", &result.skipped}, std::pair{"stripped", &result.stripped}}) {
    if (!list->empty()) {
      json[name] = {{"count", list->count()}, {"first", list->texts()}};
    }
  }
  if (result.removed) {
    json["deleted"] = true;
  }
  if (result.missing) {
    json["message"] = "No output directory found";
  } else if (!result.message.empty()) {
    json["message"] = result.message;
  }
  return json;
}

void print(const app::Outcomes<remote::CollectResult>& outcomes, bool removes, const Output& output) {
  for (const auto& [worker, result] : outcomes) {
    output.line(result_line(worker, result));
    if (result.ok && !result.message.empty() && !output.json()) {
      output.note(fmt::format("{}: {}", worker.name, base::printable_line(result.message)));
    }
    if (!result.stripped.empty() && !output.json()) {
      output.note(
          fmt::format("{}: unpacked without setuid, setgid and sticky bits: {}", worker.name, result.stripped.text()));
    }
  }
  const auto good = app::count_if(outcomes, is_complete);
  const auto kept = app::count_if(outcomes, [](const auto& each) { return is_complete(each) && each.kept; });
  output.line(fmt::format("\n{} logs from {}/{} workers{}", removes ? "Collected and deleted" : "Collected",
                          good - kept, outcomes.size(),
                          kept == 0 ? "" : fmt::format("; collected from {} more, where files were kept", kept)));
}

int run(const Options& options, CommandContext& context) {
  return with_fleet(context, options.workflow_id, options.remote_dir, options.ssh, [&](const app::Fleet& fleet) {
    const Output& output = context.output();
    const auto reporter = make_reporter(output);
    const auto outcomes = app::collect_logs(context.api(), fleet,
                                            {.output_dir = options.remote_dir.value_or(""),
                                             .local_dir = options.local_dir,
                                             .remove = options.remove,
                                             .force = options.force,
                                             .extract = options.extract,
                                             .max_size = options.max_size},
                                            make_ssh_options(options.ssh), *reporter, context.stop_on_signal());
    print(outcomes, options.remove, output);
    if (output.json()) {
      output.document(fleet_document(fleet.workflow_id, outcomes, row));
    }
    return app::count_if(outcomes, is_complete) == outcomes.size() ? k_exit_ok : k_exit_failure;
  });
}

}  // namespace

CommandInfo remote_collect_logs_command() {
  auto options = std::make_shared<Options>();
  OptionInfo max_size = max_size_option(options->max_size);
  max_size.needs = "--extract";
  max_size.help =
      "With --extract: do not unpack archives that need more space than this, such as 20g (default: 100 times the "
      "archive's own size, at least 1g)";
  return {.path = "remote collect-logs",
          .summary = "Fetch the output of all workers, one archive per worker",
          .options = joined(
              {workflow_id_argument(options->workflow_id),
               {.names = "-l,--local-output-dir",
                .target = &options->local_dir,
                .value = "DIR",
                .default_text = options->local_dir,
                .completion = Completion::directory,
                .help = "Local directory for the archives"},
               {.names = "--remote-output-dir",
                .target = &options->remote_dir,
                .value = "DIR",
                .help = "Output directory on the workers (default: the one of the last start, else "
                        "torc_output)"},
               {.names = "--delete",
                .target = &options->remove,
                .help = "Delete the output on each worker once its archive is verified here"},
               {.names = "--force",
                .target = &options->force,
                .needs = "--delete",
                .help = "With --delete: delete even if a runner is running or files changed since they were packed"},
               {.names = "--extract",
                .target = &options->extract,
                .help = "Unpack each archive into a directory beside it"},
               max_size,
               host_option(options->ssh)},
              ssh_options(options->ssh)),
          .examples = {{.command = "torc remote collect-logs 42 -l logs"},
                       {.command = "torc remote collect-logs 42 -l logs --extract"},
                       {.command = "torc remote collect-logs 42 --delete"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
