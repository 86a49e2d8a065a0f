#include "runner/jobs/job_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/job_output.hpp"

namespace torc::runner {
namespace {

/// Variables of the ssh session and the shell in which the runner was started; jobs do not belong to either. If
/// SSH_CLIENT or SSH2_CLIENT is set and SHLVL is below 2, bash on Debian and Fedora (SSH_SOURCE_BASHRC in its
/// config-top.h) takes `bash -c` for a login through ssh, and reads ~/.bashrc.
constexpr std::array<std::string_view, 6> k_session{
    "SSH_CLIENT=", "SSH2_CLIENT=", "SSH_CONNECTION=", "SSH_TTY=", "SSH_ORIGINAL_COMMAND=", "SHLVL="};

/// Whether a variable is hidden from jobs: secrets, variables for the runner itself, and those of the session.
bool is_withheld(std::string_view entry) {
  static constexpr std::array<std::string_view, 2> k_secrets{"TORC_PASSWORD=", "TORC_COOKIE_HEADER="};
  const auto starts_entry = [&](std::string_view name) { return entry.starts_with(name); };
  return entry.starts_with("TORC_WORKER_") || std::any_of(k_secrets.begin(), k_secrets.end(), starts_entry) ||
         std::any_of(k_session.begin(), k_session.end(), starts_entry);
}

std::optional<std::int64_t> number_in(const std::vector<std::string>& environment, std::string_view name) {
  for (const auto& entry : environment) {
    if (entry.starts_with(name)) {
      return base::parse_int(std::string_view(entry).substr(name.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_shortage(const base::SystemError& error) {
  const int number = error.error_number();
  return number == EMFILE || number == ENFILE || number == EAGAIN || number == ENOMEM;
}

JobKey key_of(const model::Job& job) {
  return {.workflow_id = job.workflow_id, .job_id = job.id.value_or(0), .attempt_id = job.attempt_id.value_or(1)};
}

std::optional<JobKey> job_key_in(const std::vector<std::string>& environment) {
  const auto workflow = number_in(environment, "TORC_WORKFLOW_ID=");
  const auto job = number_in(environment, "TORC_JOB_ID=");
  const auto attempt = number_in(environment, "TORC_ATTEMPT_ID=");
  if (!workflow || !job || !attempt) {
    return std::nullopt;
  }
  return JobKey{.workflow_id = *workflow, .job_id = *job, .attempt_id = *attempt};
}

std::filesystem::path stdio_base(const JobSettings& settings, const JobKey& key) {
  return settings.output_directory / model::k_stdio_directory /
         model::stdio_stem({.workflow_id = key.workflow_id,
                            .job_id = key.job_id,
                            .run_id = settings.run_id,
                            .attempt_id = key.attempt_id});
}

std::vector<std::string> job_argv(const model::Job& job, const JobShell& shell) {
  const std::string script = job.invocation_script.value_or("");
  return {shell.program, "-c", script.empty() ? job.command : script + " " + job.command};
}

namespace {

using Variables = std::vector<std::pair<std::string_view, std::string>>;

/// A credential replaces the variable of the same name.
void add_credentials(Variables& own, const JobSettings& settings) {
  for (const auto& entry : settings.credentials) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('=') + 1);
    std::erase_if(own, [&](const auto& pair) { return pair.first == name; });
    own.emplace_back(name, entry.substr(name.size()));
  }
}

std::vector<std::string> environment_with(const Variables& own, const std::vector<std::string>& inherited) {
  std::vector<std::string> environment;
  environment.reserve(inherited.size() + own.size());
  for (const auto& entry : inherited) {
    const bool replaced =
        std::any_of(own.begin(), own.end(), [&](const auto& pair) { return entry.starts_with(pair.first); });
    if (!replaced && !is_withheld(entry)) {
      environment.push_back(entry);
    }
  }
  for (const auto& [name, value] : own) {
    environment.push_back(std::string(name) + value);
  }
  return environment;
}

}  // namespace

std::vector<std::string> job_environment(const model::Job& job, const JobSettings& settings,
                                         const std::vector<std::string>& gpus,
                                         const std::vector<std::string>& inherited) {
  const JobKey key = key_of(job);
  Variables own{
      {"TORC_WORKFLOW_ID=", std::to_string(key.workflow_id)},
      {"TORC_JOB_ID=", std::to_string(key.job_id)},
      {"TORC_JOB_NAME=", job.name},
      {"TORC_OUTPUT_DIR=", settings.output_directory_text},
      {"TORC_ATTEMPT_ID=", std::to_string(key.attempt_id)},
      {"TORC_API_URL=", settings.api_url},
  };
  if (!gpus.empty()) {
    const std::string list = fmt::format("{}", fmt::join(gpus, ","));
    own.emplace_back("CUDA_VISIBLE_DEVICES=", list);
    own.emplace_back("TORC_GPU_VISIBLE_DEVICES=", list);
  }
  add_credentials(own, settings);
  return environment_with(own, inherited);
}

std::vector<std::string> action_environment(model::Id workflow_id, const JobSettings& settings,
                                            const std::vector<std::string>& inherited) {
  Variables own{{"TORC_WORKFLOW_ID=", std::to_string(workflow_id)},
                {"TORC_OUTPUT_DIR=", settings.output_directory_text},
                {"TORC_API_URL=", settings.api_url}};
  add_credentials(own, settings);
  return environment_with(own, inherited);
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

namespace {

/// The destinations of a job's standard output and error; not set: /dev/null.
struct Outputs {
  base::Fd out{};
  base::Fd err{};
  std::vector<std::string> files{};

  int error_fd() const { return err ? err.get() : combined ? out.get() : -1; }
  bool combined{false};
};

Outputs open_outputs(const std::filesystem::path& directory, const std::string& base, StdioMode mode) {
  Outputs outputs;
  const auto open = [&](std::string_view suffix) {
    outputs.files.push_back(base + std::string(suffix));
    const std::filesystem::path relative = std::filesystem::path(outputs.files.back()).lexically_relative(directory);
    // O_APPEND, so that two descriptors of one file do not overwrite each other's output.
    return base::open_below(directory, relative, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  };
  const auto [out, err] = model::suffixes_of(mode);
  if (!out.empty()) {
    outputs.out = open(out);
  }
  outputs.combined = !out.empty() && out == err;
  if (!err.empty() && !outputs.combined) {
    outputs.err = open(err);
  }
  return outputs;
}

}  // namespace

JobProcess JobProcess::start(const model::Job& job, const JobSettings& settings, const JobLaunch& launch,
                             const std::vector<std::string>& inherited) {
  const std::string base = stdio_base(settings, key_of(job)).string() + launch.file_suffix;
  auto outputs = open_outputs(settings.output_directory, base, launch.stdio.mode);
  auto environment = job_environment(job, settings, launch.gpus, inherited);
  environment.insert(environment.end(), launch.more_environment.begin(), launch.more_environment.end());
  const auto started = std::chrono::steady_clock::now();
  proc::SpawnOptions options{.argv = launch.argv.empty() ? job_argv(job, settings.shell) : launch.argv,
                             .env = std::move(environment),
                             .stdout_fd = outputs.out ? outputs.out.get() : -1,
                             .stderr_fd = outputs.error_fd(),
                             .join_fd = launch.join_fd,
                             // Usually the guardian ends the jobs of a killed runner; this is in case it was killed,
                             // too.
                             .death_signal = SIGTERM,
                             .new_session = true};
  proc::Child child;
  try {
    child = proc::Child::spawn(options);
  } catch (const base::SystemError& error) {
    if (launch.argv.empty() || is_shortage(error)) {
      throw;
    }
    if (error.error_number() == ENOENT && proc::is_in_path(launch.argv.front())) {
      // The shell would report this, too, but like a failure of the program itself.
      throw base::SystemError("cannot execute " + launch.argv.front() + ": its interpreter was not found", ENOENT);
    }
    // For instance a script without a #! line, which the shell can run; or the shell reports the error as users expect.
    options.argv = job_argv(job, settings.shell);
    child = proc::Child::spawn(options);
  }
  return {.job = job,
          .gpus = launch.gpus,
          .run_id = settings.run_id,
          .child = std::move(child),
          .started = started,
          .output_files = std::move(outputs.files),
          .delete_on_success = launch.stdio.delete_on_success};
}

}  // namespace torc::runner
