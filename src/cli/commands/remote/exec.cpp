#include <unistd.h>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/terminal_writer.hpp"
#include "torc/app/fleet/fleet_operations.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::vector<std::string> words{};  ///< The command, and optionally the workflow ID before it.
  bool raw{false};
  SshSettings ssh{};
};

/// Removes a workflow ID from the front.
std::optional<model::Id> take_id(std::vector<std::string>& words) {
  if (words.size() < 2 || !check_id(words.front()).empty()) {
    return std::nullopt;
  }
  const auto id = base::parse_int(words.front());
  words.erase(words.begin());
  return id;
}

/// The text about a worker before its output; equal texts and outputs are shown once.
std::string verdict(const remote::ExecResult& result) {
  if (!result.reached) {
    return result.message;
  }
  return result.exit_status == 0 ? "" : fmt::format("exit status {}", result.exit_status);
}

bool is_good(const remote::ExecResult& result) {
  return result.reached && result.exit_status == 0;
}

/// Adds a line end if the last one is missing.
void show_output(const std::string& text, bool raw) {
  try {
    TerminalWriter writer(STDOUT_FILENO, raw);
    writer.write(text);
    writer.write(text.ends_with('\n') ? "" : "\n");
    writer.finish();
  } catch (const WriteError& error) {
    if (!error.is_closed_pipe()) {
      throw;
    }
  }
}

void show(const Output& output, const app::Outcomes<remote::ExecResult>& outcomes, bool raw) {
  std::vector<char> is_shown(outcomes.size(), 0);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (is_shown[i] != 0) {
      continue;
    }
    const auto& result = outcomes[i].result;
    std::vector<std::string> names;
    for (std::size_t k = i; k < outcomes.size(); ++k) {
      const auto& other = outcomes[k].result;
      if (other.output == result.output && verdict(other) == verdict(result)) {
        is_shown[k] = 1;
        names.push_back(outcomes[k].worker.name);
      }
    }
    const std::string failure = verdict(result);
    output.line(fmt::format("=== {} ({}){}", base::join(names, ", "), names.size(),
                            failure.empty() ? "" : ": [FAILED] " + failure));
    if (!result.output.empty()) {
      show_output(result.output, raw);
    }
  }
  output.note(fmt::format("The command succeeded on {}/{} workers", app::count_if(outcomes, is_good), outcomes.size()));
}

nlohmann::json row(const remote::Worker& worker, const remote::ExecResult& result) {
  auto json = worker_json(worker, is_good(result));
  if (result.reached) {
    json["exit_status"] = result.exit_status;
    json["output"] = result.output;
  } else {
    json["message"] = result.message;
  }
  return json;
}

int run(Options options, CommandContext& context) {
  const Output& output = context.output();
  const auto given = take_id(options.words);
  if (options.words.empty()) {
    throw base::UsageError("no command: torc remote exec [workflow-id] -- COMMAND...");
  }
  return with_fleet(context, given, std::nullopt, options.ssh, [&](const app::Fleet& fleet) {
    const auto outcomes =
        app::exec_on_workers(fleet, options.words, make_ssh_options(options.ssh), context.stop_on_signal());
    if (output.json()) {
      output.document(fleet_document(fleet.workflow_id, outcomes, row));
    } else {
      show(output, outcomes, options.raw);
    }
    return app::count_if(outcomes, is_good) == outcomes.size() ? k_exit_ok : k_exit_failure;
  });
}

}  // namespace

CommandInfo remote_exec_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote exec",
          .summary = "Run a command on the workers; equal outputs are shown once",
          .options = joined({{.names = "COMMAND",
                              .target = &options->words,
                              .value = "[WORKFLOW_ID] -- COMMAND...",
                              .completion = Completion::program,
                              .every_word = true,
                              .help = "A program and its arguments; a single word is a command line for sh"},
                             host_option(options->ssh),
                             raw_option(options->raw)},
                            ssh_options(options->ssh)),
          .examples = {{.command = "torc remote exec 42 -- df -h /scratch"},
                       {.command = "torc remote exec 42 --host 'gpu*' -- 'nvidia-smi | head -n 20'"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
