#include "torc/app/workflows/exec_workflow.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::app {
namespace {

constexpr const char* k_ways =
    "give commands with -c COMMAND (repeatable), -C FILE (one per line) or as 'torc exec -- COMMAND...'";
constexpr std::int64_t k_default_sample_interval_s = 10;

std::string default_name() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "exec_%Y%m%d_%H%M%S", &local);
  return {text.data(), length};
}

std::string read_commands(const std::string& file) {
  const bool standard_input = file == "-";
  if (standard_input && ::isatty(STDIN_FILENO) != 0) {
    throw base::UsageError(
        "-C -: standard input is a terminal; redirect it from a file or a program, as in 'ls *.txt | sed "
        "s/^/wc / | torc exec -C -'");
  }
  const base::Fd opened = standard_input ? base::Fd{} : base::open_file(file, O_RDONLY);
  try {
    return workflow_file::read_list(standard_input ? STDIN_FILENO : opened.get());
  } catch (base::Error& error) {
    error.add_context(standard_input ? "standard input" : file);
    throw;
  }
}

/// A single word is a command line, as with -c; several words have been split by a shell already.
workflow_file::CommandPattern command_of(const std::vector<std::string>& words) {
  return words.size() == 1 ? workflow_file::CommandPattern{.line = words.front()}
                           : workflow_file::CommandPattern{.words = words};
}

std::vector<workflow_file::CommandPattern> all_commands(const ExecOptions& options) {
  if (!options.words.empty()) {
    if (!options.marked || !options.commands.empty() || !options.commands_file.empty()) {
      throw base::UsageError(
          fmt::format("unexpected argument '{}'; {}", base::printable_line(options.words.front()), k_ways));
    }
    return {command_of(options.words)};
  }
  std::vector<workflow_file::CommandPattern> commands;
  for (const auto& line : options.commands) {
    commands.push_back({.line = line});
  }
  if (!options.commands_file.empty()) {
    for (auto& line : workflow_file::parse_command_lines(read_commands(options.commands_file))) {
      commands.push_back({.line = std::move(line)});
    }
    if (commands.empty()) {
      throw base::UsageError(fmt::format("{}: no commands found, only blank lines and comments",
                                         options.commands_file == "-" ? "standard input" : options.commands_file));
    }
  }
  if (commands.empty()) {
    throw base::UsageError(fmt::format("nothing to run: {}. Run a workflow file with 'torc run FILE'.", k_ways));
  }
  return commands;
}

/// The settings in the form of a workflow file's monitor section; std::nullopt if nothing is recorded.
std::optional<std::string> monitor_config(const ExecOptions& options) {
  const auto granularity = [](const std::string& mode) { return mode == "time-series" ? "time_series" : "summary"; };
  const bool jobs = options.monitor != "off";
  const bool node = options.monitor_compute_node != "off";
  const bool samples = options.monitor == "time-series" || options.monitor_compute_node == "time-series";
  if (options.generate_plots && !samples) {
    throw base::UsageError(
        "--generate-plots needs samples over time: add --monitor time-series or --monitor-compute-node time-series");
  }
  if (!jobs && !node) {
    return std::nullopt;
  }
  nlohmann::ordered_json config{
      {"enabled", jobs},
      {"granularity", granularity(options.monitor)},
      {"sample_interval_seconds", options.sample_interval_s.value_or(k_default_sample_interval_s)},
      {"generate_plots", options.generate_plots},
      {"jobs", nullptr},
      {"compute_node", nullptr}};
  if (jobs) {
    config["jobs"] = {{"enabled", true}, {"granularity", granularity(options.monitor)}};
  }
  if (node) {
    config["compute_node"] = {
        {"enabled", true}, {"granularity", granularity(options.monitor_compute_node)}, {"cpu", true}, {"memory", true}};
  }
  return config.dump();
}

std::optional<std::string> execution_config(const ExecOptions& options) {
  if (options.stdio.empty()) {
    return std::nullopt;
  }
  const nlohmann::ordered_json config{{"mode", "direct"},
                                      {"stdio", {{"mode", base::replace_all(options.stdio, "-", "_")}}}};
  return config.dump();
}

std::string checked_text(const std::string& text, const char* option) {
  if (base::valid_utf8_prefix(text) < text.size()) {
    throw base::UsageError(fmt::format("{}: '{}' is not valid UTF-8", option, base::printable_line(text)));
  }
  return text;
}

}  // namespace

workflow_file::WorkflowDescription exec_workflow(const ExecOptions& options) {
  workflow_file::WorkflowDescription result;
  result.workflow.name = options.name.empty() ? default_name() : checked_text(options.name, "--name");
  if (!options.description.empty()) {
    result.workflow.description = checked_text(options.description, "--description");
  }
  result.workflow.resource_monitor_config = monitor_config(options);
  result.workflow.execution_config = execution_config(options);
  const auto commands = all_commands(options);
  const auto link = options.link == "zip" ? workflow_file::Link::zip : workflow_file::Link::product;
  result.jobs = workflow_file::expand_commands(commands, options.parameters, link);
  result.job_count_before_expansion = static_cast<std::int64_t>(commands.size());
  return result;
}

nlohmann::json workflow_file_document(const workflow_file::WorkflowDescription& workflow) {
  nlohmann::json jobs = nlohmann::json::array();
  for (const auto& job : workflow.jobs) {
    jobs.push_back({{"name", job.name}, {"command", job.command}});
  }
  nlohmann::json document{{"name", workflow.workflow.name}, {"jobs", std::move(jobs)}};
  if (workflow.workflow.description) {
    document["description"] = *workflow.workflow.description;
  }
  if (workflow.workflow.resource_monitor_config) {
    document["resource_monitor"] = model::parse_json(*workflow.workflow.resource_monitor_config);
  }
  if (workflow.workflow.execution_config) {
    document["execution_config"] = model::parse_json(*workflow.workflow.execution_config);
  }
  return document;
}

}  // namespace torc::app
