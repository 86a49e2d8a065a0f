#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/terminal_writer.hpp"
#include "cli/remote_support.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/exec.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::vector<std::string> words{};  ///< The workflow id, perhaps, and the command.
  bool raw{false};
  SshSettings ssh{};
};

/// Takes a workflow id off the front.
std::optional<model::Id> take_id(std::vector<std::string>& words) {
  if (words.size() < 2 || !check_id(words.front()).empty()) {
    return std::nullopt;
  }
  const auto id = base::parse_int(words.front());
  words.erase(words.begin());
  return id;
}

/// What is said of a worker in front of its output; equal texts and outputs are shown once.
std::string verdict(const remote::ExecResult& result) {
  if (!result.reached) {
    return result.message;
  }
  return result.exit_status == 0 ? "" : fmt::format("exit status {}", result.exit_status);
}

bool is_good(const remote::ExecResult& result) {
  return result.reached && result.exit_status == 0;
}

/// Ends with a line end.
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

void show(const Output& output, const std::vector<remote::Worker>& workers,
          const std::vector<remote::ExecResult>& results, bool raw) {
  std::vector<char> is_shown(workers.size(), 0);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (is_shown[i] != 0) {
      continue;
    }
    std::vector<std::string> names;
    for (std::size_t k = i; k < workers.size(); ++k) {
      if (results[k].output == results[i].output && verdict(results[k]) == verdict(results[i])) {
        is_shown[k] = 1;
        names.push_back(workers[k].name);
      }
    }
    const std::string failure = verdict(results[i]);
    output.line(fmt::format("=== {} ({}){}", base::join(names, ", "), names.size(),
                            failure.empty() ? "" : ": [FAILED] " + failure));
    if (!results[i].output.empty()) {
      show_output(results[i].output, raw);
    }
  }
  const auto good = std::count_if(results.begin(), results.end(), is_good);
  output.note(fmt::format("{}/{} workers ran it with exit status 0", good, workers.size()));
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

int run(Options options, Services& services) {
  const Output& output = services.output();
  const auto given = take_id(options.words);
  if (options.words.empty()) {
    throw base::UsageError("no command: torc remote exec [workflow-id] -- COMMAND...");
  }
  const model::Id id = services.workflow_id(given);
  const auto workers = stored_workers(services.api(), id, options.ssh.hosts);
  if (workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' first.");
  }
  auto transport = make_transport(options.ssh, services);
  const auto results = proc::fan_out(workers, options.ssh.max_parallel, [&](const remote::Worker& worker) {
    return remote::exec_on_worker(transport, worker, options.words);
  });
  if (output.json()) {
    auto rows = nlohmann::json::array();
    for (std::size_t i = 0; i < workers.size(); ++i) {
      rows.push_back(row(workers[i], results[i]));
    }
    output.document(remote_document(id, std::move(rows)));
  } else {
    show(output, workers, results, options.raw);
  }
  return std::all_of(results.begin(), results.end(), is_good) ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_exec(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("exec", "Run a command on the workers; equal outputs are shown once");
  command
      .option("COMMAND", options->words,
              "[workflow-id] -- a program and its arguments; a single word is a command line for sh")
      .every_word()
      .type_name("");
  add_host_option(command, options->ssh);
  add_raw_option(command, options->raw);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote exec 42 -- df -h /scratch\n"
      "  torc remote exec 42 --host 'gpu*' -- 'nvidia-smi | head -n 20'\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
