#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/capacity.hpp"
#include "torc/model/models.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {

/// Which attempt of which job; also what a process's environment says it belongs to.
struct JobKey {
  model::Id workflow_id{0};
  model::Id job_id{0};
  std::int64_t attempt_id{1};

  auto operator<=>(const JobKey&) const = default;
};

JobKey key_of(const model::Job& job);

/// Where and how a runner starts its jobs.
struct JobSettings {
  std::filesystem::path output_directory;
  std::string output_directory_text;  ///< As the user gave it; what jobs see as TORC_OUTPUT_DIR.
  std::int64_t run_id{0};
  std::string api_url;
};

/// A job's standard output and error go to BASE.o and BASE.e.
std::filesystem::path stdio_base(const JobSettings& settings, const JobKey& key);

/// The program and arguments of a job: its command line in bash, with the invocation script in front where it has one.
std::vector<std::string> job_argv(const model::Job& job);

/// The job's environment: `inherited` without this program's secrets and its own affairs, and the job's variables.
std::vector<std::string> job_environment(const model::Job& job, const JobSettings& settings,
                                         const std::vector<std::string>& inherited);

/// This program's environment, "NAME=value" each.
std::vector<std::string> own_environment();

/// A job that runs on this machine, as the leader of a session of its own.
struct JobProcess {
  model::Job job;
  Resources needs;
  std::int64_t run_id{0};
  proc::Child child;
  std::chrono::steady_clock::time_point started;

  /// Starts it; standard input is /dev/null.
  /// @throws Error that says why it cannot be started
  static JobProcess start(const model::Job& job, const Resources& needs, const JobSettings& settings,
                          const std::vector<std::string>& inherited);
};

}  // namespace torc::runner
