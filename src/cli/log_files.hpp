#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "torc/model/models.hpp"

namespace torc::cli {

/// The workflow that a file of an output directory is about, by its name: "job_wf42_j1_r1_a1.o",
/// "job_runner_ws1_wf42_r1.log", "torc_worker_42_ws1.log".
std::optional<model::Id> workflow_of_log(const std::string& file_name);

/// Files of a directory, and those below it, that are about a workflow; without a number, about any. Sorted.
std::vector<std::filesystem::path> log_files(const std::filesystem::path& directory,
                                             std::optional<model::Id> workflow_id);

/// A line that tells of trouble.
struct LogFinding {
  std::string kind{};  ///< "out of memory" and so on.
  std::filesystem::path file{};
  std::int64_t line{0};  ///< From 1.
  std::string text{};
};

/// Lines that look like trouble, by words that programs, shells, kernels and this program use for it.
std::vector<LogFinding> find_trouble(const std::filesystem::path& file);

}  // namespace torc::cli
