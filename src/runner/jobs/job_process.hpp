#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/jobs/capacity.hpp"
#include "runner/jobs/execution_config.hpp"
#include "runner/jobs/job_shell.hpp"
#include "torc/model/models.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::base {
class SystemError;
}

namespace torc::runner {

/// Whether a process could not be started because of a shortage of descriptors, processes or memory, which may pass.
bool is_shortage(const base::SystemError& error);

/// Identifies an attempt of a job. Processes carry it in their environment.
struct JobKey {
  model::Id workflow_id{0};
  model::Id job_id{0};
  std::int64_t attempt_id{1};

  auto operator<=>(const JobKey&) const = default;
};

JobKey key_of(const model::Job& job);

/// The job in a process's environment, if there is one.
std::optional<JobKey> job_key_in(const std::vector<std::string>& environment);

/// Where and how a runner starts its jobs.
struct JobSettings {
  std::filesystem::path output_directory;
  std::string output_directory_text;  ///< As the user specified it; jobs see it as TORC_OUTPUT_DIR.
  std::int64_t run_id{0};
  std::string api_url;
  std::vector<std::string> credentials{};  ///< "NAME=value" entries: secrets that are passed to jobs.
  JobShell shell{};
};

/// The path of a job's output files without their suffixes (model::suffixes_of).
std::filesystem::path stdio_base(const JobSettings& settings, const JobKey& key);

/// The program and arguments of a job: its command line in the shell, preceded by the invocation script if there is one.
std::vector<std::string> job_argv(const model::Job& job, const JobShell& shell);

/// The job's environment: `inherited` without this program's secrets and internal variables, plus the job's variables.
/// @param gpus  GPUs assigned to the job; if empty, variables about GPUs stay as they are.
std::vector<std::string> job_environment(const model::Job& job, const JobSettings& settings,
                                         const std::vector<std::string>& gpus,
                                         const std::vector<std::string>& inherited);

/// The environment of an action's commands: the same without the variables of a job.
std::vector<std::string> action_environment(model::Id workflow_id, const JobSettings& settings,
                                            const std::vector<std::string>& inherited);

/// This program's environment as "NAME=value" entries.
std::vector<std::string> own_environment();

/// How one process of a job is started.
struct JobLaunch {
  std::vector<std::string> argv{};  ///< Set if the command line does not need a shell.
  Stdio stdio{};
  std::vector<std::string> gpus{};              ///< Assigned to the job.
  std::string file_suffix{};                    ///< Appended to the usual names of output files.
  std::vector<std::string> more_environment{};  ///< "NAME=value" entries.
  int join_fd{-1};                              ///< The cgroup.procs of its cgroup, see proc::SpawnOptions.
};

/// A running job on this machine, the leader of its own session.
struct JobProcess {
  model::Job job;
  Resources needs{};
  std::vector<std::string> gpus;
  std::int64_t run_id{0};
  proc::Child child;
  std::chrono::steady_clock::time_point started;
  std::vector<std::string> output_files;  ///< Paths of standard output and error.
  bool delete_on_success{false};

  /// Starts the job; standard input is /dev/null.
  /// @throws Error that says why it cannot be started
  static JobProcess start(const model::Job& job, const JobSettings& settings, const JobLaunch& launch,
                          const std::vector<std::string>& inherited);

  /// The files to remove once the job is completed.
  std::vector<std::string> files_of_success() const {
    return delete_on_success ? output_files : std::vector<std::string>();
  }
};

}  // namespace torc::runner
