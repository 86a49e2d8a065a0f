#include <algorithm>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
#include "torc/model/worker_address.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string worker{};
  std::optional<model::Id> workflow_id{};
};

/// The stored worker that somebody meant who gave its host alone.
std::string meant(const std::string& word, const std::vector<model::RemoteWorker>& workers) {
  for (const auto& worker : workers) {
    try {
      if (model::WorkerAddress::parse(worker.worker).host == word) {
        return "; did you mean '" + worker.worker + "'?";
      }
    } catch (const base::Error&) {
      // Stored by another program, and no address: not meant.
    }
  }
  return "; 'torc remote list-workers' shows those there are";
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  const auto workers = context.api().list_remote_workers(id);
  const auto is_stored = [&](const std::string& text) {
    return std::any_of(workers.begin(), workers.end(), [&](const auto& each) { return each.worker == text; });
  };
  // Another program may have stored white space around one.
  const std::string word = is_stored(options.worker) ? options.worker : std::string(base::trim(options.worker));
  const bool known = is_stored(word);
  if (!known) {
    throw base::Error(fmt::format("Worker '{}' not found for workflow {}{}", word, id, meant(word, workers)));
  }
  context.api().delete_remote_worker(id, word);
  output.line(fmt::format("Removed worker {} from workflow {}", word, id));
  if (output.json()) {
    output.document({{"workflow_id", id}, {"worker", word}});
  }
  return k_exit_ok;
}

}  // namespace

void add_remote_remove_worker(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("remove-worker", "Take an ssh worker off a workflow; it is not stopped");
  command.option("worker", options->worker, "The worker as list-workers shows it").type_name("WORKER").required();
  add_optional_workflow_id(command, options->workflow_id);
  command.footer(
      "Examples:\n"
      "  torc remote remove-worker alice@ws3:2222 42\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
