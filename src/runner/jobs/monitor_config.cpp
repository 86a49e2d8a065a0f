#include "runner/jobs/monitor_config.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

namespace torc::runner {
namespace {

using Detail = MonitorConfig::Detail;

Detail detail_of(const nlohmann::json& object) {
  if (!object.is_object() || !object.value("enabled", false)) {
    return Detail::off;
  }
  return object.value("granularity", std::string("summary")) == "time_series" ? Detail::time_series : Detail::summary;
}

}  // namespace

MonitorConfig monitor_config_of(const model::Workflow& workflow) {
  constexpr std::int64_t k_longest = 86'400;
  MonitorConfig config;
  const auto object = nlohmann::json::parse(workflow.resource_monitor_config.value_or(""), nullptr, false);
  if (!object.is_object()) {
    return config;
  }
  try {
    const auto jobs = object.find("jobs");
    // Older files have the settings of jobs at the top level.
    config.jobs = detail_of(jobs != object.end() && jobs->is_object() ? *jobs : object);
    if (const auto node = object.find("compute_node"); node != object.end()) {
      config.node = detail_of(*node);
    }
    if (config.node != Detail::off) {
      const auto& node = object.at("compute_node");
      config.node_cpu = node.value("cpu", true);
      config.node_memory = node.value("memory", true);
      config.node = config.node_cpu || config.node_memory ? config.node : Detail::off;
    }
    config.interval = std::chrono::seconds(
        std::clamp<std::int64_t>(object.value("sample_interval_seconds", std::int64_t{10}), 1, k_longest));
    config.generate_plots = object.value("generate_plots", false);
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return config;
}

}  // namespace torc::runner
