#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

#include "torc/model/job_output.hpp"
#include "workflow_file/draft.hpp"

namespace torc::workflow_file {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 11> k_execution_keys{
    "mode",          "sigkill_headroom_seconds", "timeout_exit_code",  "staggered_start",
    "stdio",         "limit_resources",          "termination_signal", "sigterm_lead_seconds",
    "oom_exit_code", "job_stdio_overrides",      "pass_credentials"};
constexpr std::array<std::string_view, 3> k_execution_keys_not_yet{"srun_termination_signal", "enable_cpu_bind",
                                                                   "srun_mpi"};
constexpr std::array<std::string_view, 2> k_stdio_keys{"mode", "delete_on_success"};
constexpr Keys k_execution{"'execution_config'", k_execution_keys, k_execution_keys_not_yet};
constexpr Keys k_stdio{"'stdio'", k_stdio_keys};

constexpr std::array<std::string_view, 3> k_modes{"direct", "slurm", "auto"};
constexpr std::string_view k_default_mode = "direct";
/// Signals that end a process unless it handles them.
constexpr std::array<std::string_view, 9> k_signals{"SIGHUP",  "SIGINT",  "SIGQUIT", "SIGABRT", "SIGKILL",
                                                    "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM"};

Json read_stdio(const Document& document, const Node& node) {
  const Fields fields(document, node, k_stdio);
  Json stdio;
  stdio["mode"] = fields.choice("mode", model::k_stdio_mode_names).value_or("separate");
  if (const auto delete_on_success = fields.boolean("delete_on_success")) {
    stdio["delete_on_success"] = *delete_on_success;
  }
  return stdio;
}

template <typename T>
void put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) {
    json[key] = *value;
  }
}

Json read_config(const Fields& fields) {
  constexpr std::int64_t k_day = 86'400;
  Json config = Json::object();
  const auto mode = fields.choice("mode", k_modes);
  if (mode == "slurm") {
    fail(fields.document(), *fields.find("mode"), "the mode slurm is not supported yet");
  }
  put(config, "limit_resources", fields.boolean("limit_resources"));
  put(config, "termination_signal", fields.choice("termination_signal", k_signals));
  put(config, "sigterm_lead_seconds", fields.integer("sigterm_lead_seconds", 0, k_day));
  put(config, "sigkill_headroom_seconds", fields.integer("sigkill_headroom_seconds", 0, k_day));
  put(config, "timeout_exit_code", fields.integer("timeout_exit_code", 1, k_max_exit_code));
  put(config, "oom_exit_code", fields.integer("oom_exit_code", 1, k_max_exit_code));
  put(config, "staggered_start", fields.boolean("staggered_start"));
  put(config, "pass_credentials", fields.boolean("pass_credentials"));
  if (const Node* stdio = fields.find("stdio")) {
    config["stdio"] = read_stdio(fields.document(), *stdio);
  }
  if (mode && *mode != k_default_mode) {
    config["mode"] = *mode;
  }
  return config;
}

/// The file's list of output settings for single jobs.
Json read_overrides(const Fields& fields, const Draft& draft) {
  const Node* node = fields.find("job_stdio_overrides");
  if (node == nullptr) {
    return {};
  }
  if (node->kind != Node::Kind::map) {
    fail(fields.document(), *node, "'job_stdio_overrides' must be a map, found {}", describe(*node));
  }
  std::unordered_set<std::string_view> names;
  for (const auto& job : draft.description.jobs) {
    names.insert(job.name);
  }
  Json overrides;
  for (const auto& member : node->members) {
    if (!names.contains(member.key)) {
      fail(fields.document(), *member.value, "'job_stdio_overrides' names '{}', which is not among the jobs",
           shown(member.key));
    }
    overrides[member.key] = read_stdio(fields.document(), *member.value);
  }
  return overrides;
}

/// The output settings of the jobs themselves, which override that list.
void add_stdio_of_jobs(const Document& document, const Draft& draft, Json& overrides) {
  const Node* last = nullptr;
  Json stdio;
  for (std::size_t i = 0; i < draft.description.jobs.size(); ++i) {
    const Node* node = draft.job_nodes[i]->find("stdio");
    if (node == nullptr) {
      continue;
    }
    if (std::exchange(last, node) != node) {  // Jobs that were expanded from one item are consecutive.
      stdio = read_stdio(document, *node);
    }
    overrides[draft.description.jobs[i].name] = stdio;
  }
}

}  // namespace

void read_execution(const Fields& top, Draft& draft) {
  Json config = Json::object();
  Json overrides;
  if (const Node* node = top.find("execution_config")) {
    const Fields fields(top.document(), *node, k_execution);
    config = read_config(fields);
    overrides = read_overrides(fields, draft);
  }
  add_stdio_of_jobs(top.document(), draft, overrides);
  if (!overrides.empty()) {
    config["job_stdio_overrides"] = std::move(overrides);
  }
  if (!config.empty()) {  // Default settings are not stored, as in torc 0.23.
    config.emplace("mode", k_default_mode);
    draft.description.workflow.execution_config = config.dump();
  }
}

}  // namespace torc::workflow_file
