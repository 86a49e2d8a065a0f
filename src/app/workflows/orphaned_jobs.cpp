#include "torc/app/workflows/orphaned_jobs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "torc/base/printable.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::app {
namespace {

std::string name_of(const model::ComputeNode& node) {
  return fmt::format("compute node {} on {} (PID {})", node.id.value_or(0), base::printable_line(node.hostname),
                     node.pid);
}

class Search {
 public:
  Search(client::Api& api, model::Id workflow_id) : m_api(api), m_workflow_id(workflow_id) {}

  Orphans run() {
    bool any_may_live = false;
    for (const auto& node : m_api.list_compute_nodes(m_workflow_id, {}).items) {
      any_may_live = check_node(node) || any_may_live;
    }
    if (!any_may_live) {
      add_all();
    }
    std::sort(m_orphans.jobs.begin(), m_orphans.jobs.end(),
              [](const auto& one, const auto& other) { return one.job.id < other.job.id; });
    return std::move(m_orphans);
  }

 private:
  /// @returns whether the node may be alive
  bool check_node(const model::ComputeNode& node) {
    const bool active = node.is_active.value_or(false);
    if (active && !is_dead_here(node)) {
      if (!names_process(node)) {
        m_orphans.undecided.push_back(node);
      }
      return true;
    }
    client::JobFilter of_node;
    of_node.active_compute_node_id = node.id;
    const std::string reason = name_of(node) + (active ? " is no longer a process of this host" : " is not active");
    for (auto& job : m_api.list_jobs(m_workflow_id, of_node).items) {
      add(std::move(job), node.id, reason);
    }
    if (active) {
      m_orphans.dead_nodes.push_back(node);
    }
    return false;
  }

  /// Adds all pending and running jobs. The compute node is unknown, since a runner may claim jobs without naming its
  /// own.
  void add_all() {
    for (const auto status : {model::JobStatus::pending, model::JobStatus::running}) {
      client::JobFilter at_work;
      at_work.status = status;
      for (auto& job : m_api.list_jobs(m_workflow_id, at_work).items) {
        add(std::move(job), std::nullopt, "the workflow has no compute node that may be alive");
      }
    }
  }

  void add(model::Job&& job, std::optional<model::Id> node_id, const std::string& reason) {
    const bool at_work = job.status == model::JobStatus::pending || job.status == model::JobStatus::running;
    if (at_work && m_seen.insert(job.id.value_or(0)).second) {
      m_orphans.jobs.push_back({.job = std::move(job), .compute_node_id = node_id, .reason = reason});
    }
  }

  client::Api& m_api;
  model::Id m_workflow_id;
  Orphans m_orphans;
  std::set<model::Id> m_seen;
};

}  // namespace

bool names_process(const model::ComputeNode& node) {
  return node.pid > 1;
}

bool is_dead_here(const model::ComputeNode& node) {
  if (node.hostname != proc::host_name() || !names_process(node)) {
    return false;
  }
  const auto ticks = proc::start_ticks(static_cast<pid_t>(node.pid));
  if (!ticks) {
    // Without /proc, no process is visible, whether it runs or not.
    return proc::start_ticks(::getpid()).has_value();
  }
  if (!node.scheduler || !node.scheduler->is_object()) {
    return false;
  }
  const auto boot = node.scheduler->find("boot_id");
  const auto began = node.scheduler->find("start_ticks");
  return boot != node.scheduler->end() && boot->is_string() && proc::may_be_this_boot(boot->get<std::string>()) &&
         began != node.scheduler->end() && began->is_number_unsigned() && began->get<std::uint64_t>() != *ticks;
}

Orphans find_orphans(client::Api& api, model::Id workflow_id) {
  return Search(api, workflow_id).run();
}

}  // namespace torc::app
