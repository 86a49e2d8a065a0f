#pragma once

#include <chrono>

#include "torc/model/models.hpp"

namespace torc::runner {

/// The resource usage to record, from a workflow's `resource_monitor_config` (docs/workflow-file.md).
struct MonitorConfig {
  enum class Detail { off, summary, time_series };

  Detail jobs{Detail::off};
  Detail node{Detail::off};
  bool node_cpu{true};
  bool node_memory{true};
  std::chrono::seconds interval{10};
  bool generate_plots{false};

  bool records() const { return jobs == Detail::time_series || node == Detail::time_series; }
};

/// Invalid settings turn recording off, because an error in them should not stop the workflow.
MonitorConfig monitor_config_of(const model::Workflow& workflow);

}  // namespace torc::runner
