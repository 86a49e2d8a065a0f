#include "runner/job_process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"

namespace torc::runner {
namespace {

/// What a job must not see: secrets, and what is only the worker's own business.
bool is_withheld(std::string_view entry) {
  static constexpr std::array<std::string_view, 2> k_secrets{"TORC_PASSWORD=", "TORC_COOKIE_HEADER="};
  return entry.starts_with("TORC_WORKER_") ||
         std::any_of(k_secrets.begin(), k_secrets.end(), [&](auto name) { return entry.starts_with(name); });
}

}  // namespace

JobKey key_of(const model::Job& job) {
  return {.workflow_id = job.workflow_id, .job_id = job.id.value_or(0), .attempt_id = job.attempt_id.value_or(1)};
}

std::filesystem::path stdio_base(const JobSettings& settings, const JobKey& key) {
  return settings.output_directory / "job_stdio" /
         fmt::format("job_wf{}_j{}_r{}_a{}", key.workflow_id, key.job_id, settings.run_id, key.attempt_id);
}

std::vector<std::string> job_argv(const model::Job& job) {
  const std::string script = job.invocation_script.value_or("");
  return {"bash", "-c", script.empty() ? job.command : script + " " + job.command};
}

std::vector<std::string> job_environment(const model::Job& job, const JobSettings& settings,
                                         const std::vector<std::string>& inherited) {
  const JobKey key = key_of(job);
  const std::array<std::pair<std::string_view, std::string>, 6> own{{
      {"TORC_WORKFLOW_ID=", std::to_string(key.workflow_id)},
      {"TORC_JOB_ID=", std::to_string(key.job_id)},
      {"TORC_JOB_NAME=", job.name},
      {"TORC_OUTPUT_DIR=", settings.output_directory_text},
      {"TORC_ATTEMPT_ID=", std::to_string(key.attempt_id)},
      {"TORC_API_URL=", settings.api_url},
  }};
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

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

JobProcess JobProcess::start(const model::Job& job, const Resources& needs, const JobSettings& settings,
                             const std::vector<std::string>& inherited) {
  const std::string base = stdio_base(settings, key_of(job)).string();
  const base::Fd out = base::open_file(base + ".o", O_WRONLY | O_CREAT | O_TRUNC);
  const base::Fd err = base::open_file(base + ".e", O_WRONLY | O_CREAT | O_TRUNC);
  const auto started = std::chrono::steady_clock::now();
  proc::Child child = proc::Child::spawn({.argv = job_argv(job),
                                          .env = job_environment(job, settings, inherited),
                                          .stdout_fd = out.get(),
                                          .stderr_fd = err.get(),
                                          .new_session = true});
  return {.job = job, .needs = needs, .run_id = settings.run_id, .child = std::move(child), .started = started};
}

}  // namespace torc::runner
