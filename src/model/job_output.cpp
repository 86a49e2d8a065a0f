#include "torc/model/job_output.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/model/json.hpp"

namespace torc::model {
namespace {

StdioMode mode_from(const nlohmann::json& value, std::string_view key) {
  const auto& name = detail::read_string("mode", value);
  const auto it = std::find(k_stdio_mode_names.begin(), k_stdio_mode_names.end(), name);
  if (it == k_stdio_mode_names.end()) {
    throw base::Error(fmt::format("{} has the invalid mode '{}'; expected one of {}", key, name,
                                  fmt::join(k_stdio_mode_names, ", ")));
  }
  return static_cast<StdioMode>(it - k_stdio_mode_names.begin());
}

/// Null if the object does not have the field.
const nlohmann::json* field(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

Stdio stdio_from(const nlohmann::json& object, std::string_view key) {
  if (!object.is_object()) {
    throw base::Error(fmt::format("{} is not an object", key));
  }
  Stdio stdio;
  if (const auto* mode = field(object, "mode")) {
    stdio.mode = mode_from(*mode, key);
  }
  if (const auto* deletes = field(object, "delete_on_success")) {
    stdio.delete_on_success = detail::read_bool("delete_on_success", *deletes);
  }
  return stdio;
}

}  // namespace

const Stdio& StdioSettings::of(const std::string& job_name) const {
  const auto it = of_jobs.find(job_name);
  return it == of_jobs.end() ? all : it->second;
}

StdioSettings stdio_settings_of(const nlohmann::json& execution_config) {
  StdioSettings settings;
  if (const auto* stdio = field(execution_config, "stdio")) {
    settings.all = stdio_from(*stdio, "stdio");
  }
  if (const auto* overrides = field(execution_config, "job_stdio_overrides")) {
    for (const auto& [job, stdio] : overrides->items()) {
      settings.of_jobs[job] = stdio_from(stdio, "job_stdio_overrides");
    }
  }
  return settings;
}

StdioSuffixes suffixes_of(StdioMode mode) {
  switch (mode) {
    case StdioMode::separate:
      return {.out = k_stdout_suffix, .err = k_stderr_suffix};
    case StdioMode::combined:
      return {.out = k_combined_suffix, .err = k_combined_suffix};
    case StdioMode::no_stdout:
      return {.err = k_stderr_suffix};
    case StdioMode::no_stderr:
      return {.out = k_stdout_suffix};
    case StdioMode::none:
      break;
  }
  return {};
}

std::string stdio_stem(const JobAttemptId& attempt) {
  return fmt::format("job_wf{}_j{}_r{}_a{}", attempt.workflow_id, attempt.job_id, attempt.run_id, attempt.attempt_id);
}

std::string runner_log_name(std::string_view runner_key, Id workflow_id, std::int64_t run_id) {
  return fmt::format("job_runner_{}_wf{}_r{}.log", runner_key, workflow_id, run_id);
}

}  // namespace torc::model
