#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/jobs/capacity.hpp"
#include "runner/jobs/execution_config.hpp"
#include "torc/model/models.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::base {
class SystemError;
}

namespace torc::runner {

/// Whether a process could not be started for want of what others give back: descriptors, processes, memory.
bool is_shortage(const base::SystemError& error);

/// Which attempt of which job; also what a process's environment says it belongs to.
struct JobKey {
  model::Id workflow_id{0};
  model::Id job_id{0};
  std::int64_t attempt_id{1};

  auto operator<=>(const JobKey&) const = default;
};

JobKey key_of(const model::Job& job);

/// The job that a process was started for, as its environment says.
std::optional<JobKey> job_key_in(const std::vector<std::string>& environment);

/// Where and how a runner starts its jobs.
struct JobSettings {
  std::filesystem::path output_directory;
  std::string output_directory_text;  ///< As the user gave it; what jobs see as TORC_OUTPUT_DIR.
  std::int64_t run_id{0};
  std::string api_url;
  std::vector<std::string> credentials{};  ///< "NAME=value" each: secrets that are not withheld.
};

/// The path of a job's output files without their suffixes (model::suffixes_of).
std::filesystem::path stdio_base(const JobSettings& settings, const JobKey& key);

/// The program and arguments of a job: its command line in bash, with the invocation script in front where it has one.
std::vector<std::string> job_argv(const model::Job& job);

/// The job's environment: `inherited` without this program's secrets and its own affairs, and the job's variables.
/// @param gpus  That were given out to it; empty: variables about GPUs stay as they are.
std::vector<std::string> job_environment(const model::Job& job, const JobSettings& settings,
                                         const std::vector<std::string>& gpus,
                                         const std::vector<std::string>& inherited);

/// That of an action's commands: the same without what belongs to a job.
std::vector<std::string> action_environment(model::Id workflow_id, const JobSettings& settings,
                                            const std::vector<std::string>& inherited);

/// This program's environment, "NAME=value" each.
std::vector<std::string> own_environment();

/// How one process of a job is started.
struct JobLaunch {
  std::vector<std::string> argv{};  ///< Where bash is not needed for its command line.
  Stdio stdio{};
  std::vector<std::string> gpus{};              ///< That were given out to it.
  std::string file_suffix{};                    ///< Behind the usual names of output files.
  std::vector<std::string> more_environment{};  ///< "NAME=value" each.
  int join_fd{-1};                              ///< Of its cgroup, as proc::SpawnOptions has it.
};

/// A job that runs on this machine, as the leader of a session of its own.
struct JobProcess {
  model::Job job;
  Resources needs{};
  std::vector<std::string> gpus;
  std::int64_t run_id{0};
  proc::Child child;
  std::chrono::steady_clock::time_point started;
  std::vector<std::string> output_files;  ///< Of standard output and error.
  bool delete_on_success{false};

  /// Starts it; standard input is /dev/null.
  /// @throws Error that says why it cannot be started
  static JobProcess start(const model::Job& job, const JobSettings& settings, const JobLaunch& launch,
                          const std::vector<std::string>& inherited);

  /// The files to remove once the job counts as completed.
  std::vector<std::string> files_of_success() const {
    return delete_on_success ? output_files : std::vector<std::string>();
  }
};

}  // namespace torc::runner
