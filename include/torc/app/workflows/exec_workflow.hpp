#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "torc/workflow_file/command_list.hpp"

namespace torc::app {

/// The options of `torc exec` that define its workflow.
struct ExecOptions {
  std::string name{};  ///< Empty: "exec_" and the time.
  std::string description{};
  std::vector<std::string> commands{};  ///< -c
  std::string commands_file{};          ///< -C; "-" is standard input.
  std::vector<std::string> words{};     ///< The command after "--".
  bool marked{false};                   ///< Whether the command line contains "--".
  std::vector<std::string> parameters{};
  std::string link{"product"};
  std::string monitor{"summary"};           ///< off, summary, time-series
  std::string monitor_compute_node{"off"};  ///< The same.
  bool generate_plots{false};
  std::optional<std::int64_t> sample_interval_s{};
  std::string stdio{};  ///< separate, combined, no-stdout, no-stderr, none; empty: not set.
};

/// The workflow that the options describe; reads the files they name, and standard input.
/// @throws base::UsageError if they define no workflow, base::Error if a file cannot be read
workflow_file::WorkflowDescription exec_workflow(const ExecOptions& options);

/// The workflow as a workflow file. @param workflow  From exec_workflow.
nlohmann::json workflow_file_document(const workflow_file::WorkflowDescription& workflow);

}  // namespace torc::app
