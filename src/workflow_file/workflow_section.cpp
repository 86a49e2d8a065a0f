#include <array>

#include <nlohmann/json.hpp>

#include "torc/base/units.hpp"
#include "workflow_file/draft.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::array<std::string_view, 6> k_requirement_keys{"name",     "num_cpus",  "memory",
                                                             "num_gpus", "num_nodes", "runtime"};
constexpr std::array<std::string_view, 6> k_monitor_keys{"enabled",        "granularity", "sample_interval_seconds",
                                                         "generate_plots", "jobs",        "compute_node"};
constexpr std::array<std::string_view, 2> k_monitor_jobs_keys{"enabled", "granularity"};
constexpr std::array<std::string_view, 4> k_monitor_node_keys{"enabled", "granularity", "cpu", "memory"};

constexpr std::array<std::string_view, 2> k_granularities{"summary", "time_series"};

constexpr Keys k_requirement{"a resource requirement", k_requirement_keys};
constexpr Keys k_monitor{"the resource monitor", k_monitor_keys};
constexpr Keys k_monitor_jobs{"'jobs' of the resource monitor", k_monitor_jobs_keys};
constexpr Keys k_monitor_node{"'compute_node' of the resource monitor", k_monitor_node_keys};

/// Every workflow has a resource requirement of this name already.
constexpr std::string_view k_server_requirement = "default";

std::string granularity(const Fields& fields, const std::string& otherwise) {
  return fields.choice("granularity", k_granularities).value_or(otherwise);
}

/// The monitor's section, which may have either of two keys.
const Node* find_monitor(const Fields& top) {
  const Node* usual = top.find("resource_monitor");
  const Node* other = top.find("resource_monitor_config");
  if (usual != nullptr && other != nullptr) {
    fail(top.document(), *other, "'resource_monitor' and 'resource_monitor_config' are the same: give one of them");
  }
  return usual != nullptr ? usual : other;
}

void check_memory(const Fields& fields, const std::string& memory) {
  const auto bytes = base::parse_memory(memory);
  if (!bytes || *bytes <= 0) {
    fail(fields.document(), *fields.find("memory"),
         "'memory' must be an amount such as \"512k\", \"100m\", \"2g\" or \"1t\", found '{}'", shown(memory));
  }
}

void check_runtime(const Fields& fields, const std::string& runtime) {
  const auto duration = base::parse_iso_duration(runtime);
  if (!duration || duration->count() <= 0) {
    fail(fields.document(), *fields.find("runtime"),
         "'runtime' must be an ISO 8601 duration such as \"PT30M\", \"PT2H\" or \"P1DT12H\", found '{}'",
         shown(runtime));
  }
}

}  // namespace

void read_workflow(const Fields& top, Draft& draft) {
  auto& workflow = draft.description.workflow;
  workflow.name = top.required_text("name");
  workflow.user = top.text("user").value_or("");
  workflow.description = top.text("description");
  workflow.project = top.text("project");
  workflow.metadata = top.text("metadata");
  workflow.use_pending_failed = top.boolean("use_pending_failed");
  workflow.enable_ro_crate = top.boolean("enable_ro_crate");
  workflow.compute_node_wait_for_new_jobs_seconds = top.integer("compute_node_wait_for_new_jobs_seconds", 0);
  workflow.compute_node_ignore_workflow_completion = top.boolean("compute_node_ignore_workflow_completion");
  workflow.compute_node_wait_for_healthy_database_minutes =
      top.integer("compute_node_wait_for_healthy_database_minutes", 0);
  // torc 0.23 accepts this key and ignores it.
  top.integer("compute_node_expiration_buffer_seconds", 0);
  workflow.resource_monitor_config = read_monitor(top);
}

std::string read_monitor(const Fields& top) {
  // In the same order as torc 0.23.
  nlohmann::ordered_json monitor{
      {"enabled", true}, {"granularity", "summary"}, {"sample_interval_seconds", 10}, {"generate_plots", false}};
  nlohmann::ordered_json jobs{{"enabled", true}, {"granularity", "summary"}};
  nlohmann::ordered_json compute_node;
  if (const Node* node = find_monitor(top)) {
    const Fields fields(top.document(), *node, k_monitor);
    bool enabled = fields.boolean("enabled").value_or(false);
    std::string detail = granularity(fields, "summary");
    monitor["sample_interval_seconds"] = fields.integer("sample_interval_seconds", 1).value_or(10);
    monitor["generate_plots"] = fields.boolean("generate_plots").value_or(false);
    if (const Node* part = fields.find("jobs")) {
      const Fields own(top.document(), *part, k_monitor_jobs);
      enabled = own.boolean("enabled").value_or(enabled);
      detail = granularity(own, detail);
    }
    jobs = {{"enabled", enabled}, {"granularity", detail}};
    monitor["enabled"] = enabled;
    monitor["granularity"] = detail;
    if (const Node* part = fields.find("compute_node")) {
      const Fields own(top.document(), *part, k_monitor_node);
      compute_node = {{"enabled", own.boolean("enabled").value_or(false)},
                      {"granularity", granularity(own, "summary")},
                      {"cpu", own.boolean("cpu").value_or(true)},
                      {"memory", own.boolean("memory").value_or(true)}};
    }
  }
  monitor["jobs"] = jobs;
  monitor["compute_node"] = compute_node;
  return monitor.dump();
}

void read_requirements(const Fields& top, Draft& draft) {
  for (const auto& member : top.list("resource_requirements")) {
    const Fields fields(top.document(), *member.value, k_requirement);
    model::ResourceRequirements requirement;
    requirement.name = fields.required_text("name");
    if (requirement.name == k_server_requirement) {
      fail(top.document(), *fields.find("name"),
           "'{}' is reserved for the resource requirement of jobs without one; choose another name",
           k_server_requirement);
    }
    requirement.num_cpus = fields.required_integer("num_cpus", 1);
    requirement.num_gpus = fields.integer("num_gpus", 0).value_or(0);
    requirement.num_nodes = fields.integer("num_nodes", 1).value_or(1);
    requirement.memory = fields.required_text("memory");
    check_memory(fields, *requirement.memory);
    requirement.runtime = fields.text("runtime").value_or("PT1H");
    check_runtime(fields, *requirement.runtime);
    draft.description.resource_requirements.push_back(std::move(requirement));
    draft.requirement_nodes.push_back(member.value);
  }
}

}  // namespace torc::workflow_file
