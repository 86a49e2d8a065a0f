#pragma once

// Which files contain the output of jobs and runners, and their names. They are in the runner's output directory; those
// of jobs are in its subdirectory `k_stdio_directory`.

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
  bool delete_on_success{false};  ///< Remove the files of a job that ended with return code 0.

  bool operator==(const Stdio&) const = default;
};

/// The output settings of a workflow's `execution_config` (docs/workflow-file.md).
struct StdioSettings {
  Stdio all{};
  std::map<std::string, Stdio, std::less<>> of_jobs{};  ///< Settings for single jobs, by job name.

  const Stdio& of(const std::string& job_name) const;
};

/// @param execution_config  A JSON object. Absent fields have their defaults.
/// @throws base::Error that names the field
StdioSettings stdio_settings_of(const nlohmann::json& execution_config);

inline constexpr std::string_view k_stdio_directory = "job_stdio";

inline constexpr std::string_view k_stdout_suffix = ".o";
inline constexpr std::string_view k_stderr_suffix = ".e";
inline constexpr std::string_view k_combined_suffix = ".log";
/// All suffixes, in display order.
inline constexpr std::array<std::string_view, 3> k_stdio_suffixes{k_stdout_suffix, k_combined_suffix, k_stderr_suffix};

/// The suffixes of the files for standard output and standard error. Empty: the output is not kept. Equal: both go to
/// one file.
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

/// The file names of an attempt without suffix: "job_wf1_j2_r1_a1".
std::string stdio_stem(const JobAttemptId& attempt);

/// The name of a runner's log: "job_runner_ws1_wf1_r1.log".
/// @param runner_key  The worker key, or the host name of a runner that is not on a worker.
std::string runner_log_name(std::string_view runner_key, Id workflow_id, std::int64_t run_id);

}  // namespace torc::model
