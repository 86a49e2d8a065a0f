#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/worker_address.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string worker{};
  std::optional<model::Id> workflow_id{};
};

/// A suggestion: the stored worker with the given host, if there is one.
std::string meant(const std::string& word, const std::vector<model::RemoteWorker>& workers) {
  for (const auto& worker : workers) {
    try {
      if (model::WorkerAddress::parse(worker.worker).host == word) {
        return "; did you mean '" + worker.worker + "'?";
      }
    } catch (const base::Error&) {
      // An invalid address that another program stored.
    }
  }
  return "; list the workers with 'torc remote list-workers'";
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  const auto workers = context.api().list_remote_workers(id);
  const auto is_stored = [&](const std::string& text) {
    return std::any_of(workers.begin(), workers.end(), [&](const auto& each) { return each.worker == text; });
  };
  // Another program may have stored an address with white space around it.
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

CommandInfo remote_remove_worker_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote remove-worker",
          .summary = "Remove an ssh worker from a workflow, without stopping its runner",
          .options = {{.names = "worker",
                       .target = &options->worker,
                       .completion = Completion::worker,
                       .required = true,
                       .help = "The worker as 'torc remote list-workers' shows it"},
                      workflow_id_argument(options->workflow_id)},
          .examples = {{.command = "torc remote remove-worker alice@ws3:2222 42"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
