#include "cli/logs/result_logs.hpp"

#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/model/job_output.hpp"
#include "torc/remote/worker.hpp"

namespace torc::cli {
namespace {

struct Runner {
  std::string type;
  std::string log_key;  ///< The part of its log's name: a worker key, else the host name.
};

std::map<model::Id, Runner> runners_of(client::Api& api, model::Id workflow_id) {
  std::vector<std::string> addresses;
  for (const auto& worker : api.list_remote_workers(workflow_id)) {
    addresses.push_back(worker.worker);
  }
  std::map<std::string, std::string> key_of;
  for (const auto& worker : remote::make_workers(addresses)) {
    key_of[model::to_string(worker.address)] = worker.key;
  }
  std::map<model::Id, Runner> runners;
  for (const auto& node : api.list_compute_nodes(workflow_id, {}).items) {
    Runner runner{node.compute_node_type, node.hostname};
    if (node.scheduler && node.scheduler->is_object()) {
      const auto found = key_of.find(node.scheduler->value("worker", ""));
      if (found != key_of.end()) {
        runner.log_key = found->second;
      }
    }
    runners[node.id.value_or(0)] = std::move(runner);
  }
  return runners;
}

std::map<model::Id, std::string> job_names(client::Api& api, model::Id workflow_id) {
  std::map<model::Id, std::string> names;
  for (auto& job : api.list_jobs(workflow_id, {}).items) {
    names[job.id.value_or(0)] = std::move(job.name);
  }
  return names;
}

/// "PendingFailed" for pending_failed: this report spells statuses differently from others.
std::string camel_case(model::JobStatus status) {
  std::string result;
  bool upper = true;
  for (const char c : std::string_view(model::to_string(status))) {
    if (c != '_') {
      result += upper ? static_cast<char>(c - 'a' + 'A') : c;
    }
    upper = c == '_';
  }
  return result;
}

/// A config that no runner accepts is treated as absent.
model::StdioSettings stdio_settings(const model::Workflow& workflow) {
  try {
    const auto config = nlohmann::json::parse(workflow.execution_config.value_or("{}"), nullptr, false);
    return config.is_object() ? model::stdio_settings_of(config) : model::StdioSettings{};
  } catch (const base::Error&) {
    return {};
  }
}

/// Null if the output was not kept.
struct StdioFiles {
  nlohmann::json out;
  nlohmann::json err;
};

StdioFiles stdio_files(const model::Result& result, const model::Stdio& stdio, const std::string& output_directory) {
  if (stdio.delete_on_success && result.status == model::JobStatus::completed) {
    return {};
  }
  const auto path = [&](std::string_view suffix) -> nlohmann::json {
    if (suffix.empty()) {
      return nullptr;
    }
    const auto stem = model::stdio_stem({.workflow_id = result.workflow_id,
                                         .job_id = result.job_id,
                                         .run_id = result.run_id,
                                         .attempt_id = result.attempt_id.value_or(1)});
    return fmt::format("{}/{}/{}{}", output_directory, model::k_stdio_directory, stem, suffix);
  };
  const auto [out, err] = model::suffixes_of(stdio.mode);
  return {path(out), path(err)};
}

}  // namespace

nlohmann::json results_with_logs(client::Api& api, const model::Workflow& workflow,
                                 const std::vector<model::Result>& results, bool all_runs,
                                 const std::string& output_directory) {
  const model::Id id = workflow.id.value_or(0);
  const auto runners = runners_of(api, id);
  const auto names = job_names(api, id);
  const auto settings = stdio_settings(workflow);
  nlohmann::json list = nlohmann::json::array();
  for (const auto& result : results) {
    const auto found = names.find(result.job_id);
    const std::string name = found != names.end() ? found->second : "";
    const StdioFiles files = stdio_files(result, settings.of(name), output_directory);
    nlohmann::json entry = {{"job_id", result.job_id},
                            {"job_name", name},
                            {"status", camel_case(result.status)},
                            {"run_id", result.run_id},
                            {"return_code", result.return_code},
                            {"completion_time", result.completion_time},
                            {"exec_time_minutes", result.exec_time_minutes},
                            {"compute_node_id", result.compute_node_id},
                            {"job_stdout", files.out},
                            {"job_stderr", files.err}};
    if (const auto runner = runners.find(result.compute_node_id); runner != runners.end()) {
      entry["compute_node_type"] = runner->second.type;
      entry["job_runner_log"] =
          fmt::format("{}/{}", output_directory, model::runner_log_name(runner->second.log_key, id, result.run_id));
    }
    list.push_back(std::move(entry));
  }
  return {{"workflow_id", id},    {"workflow_name", workflow.name},  {"workflow_user", workflow.user},
          {"all_runs", all_runs}, {"total_results", results.size()}, {"results", std::move(list)}};
}

}  // namespace torc::cli
