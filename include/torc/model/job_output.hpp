#pragma once

// The files with the output of jobs and runners: which there are, and how they are named. They lie in the output
// directory of the runner, those of jobs in `k_stdio_directory` below it.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "torc/model/models.hpp"

namespace torc::model {

/// Which output of a job is kept, and in which files.
enum class StdioMode { separate, combined, no_stdout, no_stderr, none };

/// In the order of the enumeration.
inline constexpr std::array<std::string_view, 5> k_stdio_mode_names{"separate", "combined", "no_stdout", "no_stderr",
                                                                    "none"};

struct Stdio {
  StdioMode mode{StdioMode::separate};
  bool delete_on_success{false};  ///< The files of a job that ended with 0 are removed.

  bool operator==(const Stdio&) const = default;
};

/// What a workflow's `execution_config` says about output (docs/workflow-file.md).
struct StdioSettings {
  Stdio all{};
  std::map<std::string, Stdio, std::less<>> of_jobs{};  ///< Of single jobs, by their names.

  const Stdio& of(const std::string& job_name) const;
};

/// @param execution_config  An object. Absent fields have their defaults.
/// @throws base::Error that names the field
StdioSettings stdio_settings_of(const nlohmann::json& execution_config);

inline constexpr std::string_view k_stdio_directory = "job_stdio";

inline constexpr std::string_view k_stdout_suffix = ".o";
inline constexpr std::string_view k_stderr_suffix = ".e";
inline constexpr std::string_view k_combined_suffix = ".log";
/// All of them, in the order in which they are shown.
inline constexpr std::array<std::string_view, 3> k_stdio_suffixes{k_stdout_suffix, k_combined_suffix, k_stderr_suffix};

/// How the names of the files end to which standard output and error go. Empty: the output is not kept. Both the same:
/// they share a file.
struct StdioSuffixes {
  std::string_view out{};
  std::string_view err{};
};

StdioSuffixes suffixes_of(StdioMode mode);

/// One attempt of a job.
struct JobAttemptId {
  Id workflow_id{0};
  Id job_id{0};
  std::int64_t run_id{0};
  std::int64_t attempt_id{1};
};

/// The names of an attempt's files without their suffixes: "job_wf1_j2_r1_a1".
std::string stdio_stem(const JobAttemptId& attempt);

/// A runner's log: "job_runner_ws1_wf1_r1.log".
/// @param runner_key  The key of its worker, or the name of its host.
std::string runner_log_name(std::string_view runner_key, Id workflow_id, std::int64_t run_id);

}  // namespace torc::model
