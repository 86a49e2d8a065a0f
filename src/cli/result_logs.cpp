#include "cli/result_logs.hpp"

#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/remote/worker.hpp"

namespace torc::cli {
namespace {

struct Runner {
  std::string type;
  std::string log_key;  ///< What its log's name holds: a worker's key, else the host name.
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

/// "PendingFailed" for pending_failed: this report has always spelled states so.
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

}  // namespace

nlohmann::json results_with_logs(client::Api& api, const model::Workflow& workflow,
                                 const std::vector<model::Result>& results, bool all_runs,
                                 const std::string& output_directory) {
  const model::Id id = workflow.id.value_or(0);
  const auto runners = runners_of(api, id);
  const auto names = job_names(api, id);
  nlohmann::json list = nlohmann::json::array();
  for (const auto& result : results) {
    const std::string stdio = fmt::format("{}/job_stdio/job_wf{}_j{}_r{}_a{}", output_directory, id, result.job_id,
                                          result.run_id, result.attempt_id.value_or(1));
    const auto name = names.find(result.job_id);
    nlohmann::json entry = {{"job_id", result.job_id},
                            {"job_name", name != names.end() ? name->second : ""},
                            {"status", camel_case(result.status)},
                            {"run_id", result.run_id},
                            {"return_code", result.return_code},
                            {"completion_time", result.completion_time},
                            {"exec_time_minutes", result.exec_time_minutes},
                            {"compute_node_id", result.compute_node_id},
                            {"job_stdout", stdio + ".o"},
                            {"job_stderr", stdio + ".e"}};
    if (const auto runner = runners.find(result.compute_node_id); runner != runners.end()) {
      entry["compute_node_type"] = runner->second.type;
      entry["job_runner_log"] =
          fmt::format("{}/job_runner_{}_wf{}_r{}.log", output_directory, runner->second.log_key, id, result.run_id);
    }
    list.push_back(std::move(entry));
  }
  return {{"workflow_id", id},    {"workflow_name", workflow.name},  {"workflow_user", workflow.user},
          {"all_runs", all_runs}, {"total_results", results.size()}, {"results", std::move(list)}};
}

}  // namespace torc::cli
