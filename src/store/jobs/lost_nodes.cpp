// Jobs of lost compute nodes.

#include <iterator>

#include <fmt/format.h>

#include "store/jobs/job_runs.hpp"
#include "store/query.hpp"
#include "store/sql.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/store/compute_nodes.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

/// The name of a node's machine in events: for an ssh worker, its address.
std::string host_of(const model::ComputeNode& node) {
  if (node.scheduler && node.scheduler->is_object()) {
    if (const auto it = node.scheduler->find("worker"); it != node.scheduler->end() && it->is_string()) {
      return it->get<std::string>();
    }
  }
  return node.hostname;
}

struct LostJob {
  Id id;
  std::string name;
  std::int64_t attempt_id;
  std::int64_t losses;     ///< Including this one.
  nlohmann::json lost_on;  ///< The names of the hosts, including this one.
};

std::vector<LostJob> jobs_at_work(Connection& connection, Id node_id, const std::string& host) {
  std::vector<LostJob> jobs;
  Query rows = query(connection,
                     "SELECT id, name, attempt_id, losses, lost_on FROM jobs "
                     "WHERE compute_node_id = ? AND status IN {at_work} ORDER BY id"_sql,
                     node_id);
  while (rows.step()) {
    auto hosts = rows.null(4) ? nlohmann::json::array() : rows.get<nlohmann::json>(4);
    hosts.push_back(host);
    jobs.push_back({.id = rows.get<Id>(0),
                    .name = rows.get<std::string>(1),
                    .attempt_id = rows.get<std::int64_t>(2),
                    .losses = rows.get<std::int64_t>(3) + 1,
                    .lost_on = std::move(hosts)});
  }
  return jobs;
}

void requeue(Connection& connection, const LostJob& job) {
  execute(connection,
          "UPDATE jobs SET status = {ready}, attempt_id = attempt_id + 1, compute_node_id = NULL, losses = ?, "
          "lost_on = ? WHERE id = ?"_sql,
          job.losses, job.lost_on, job.id);
}

std::string joined(const nlohmann::json& names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? "" : ", ") + name.get<std::string>();
  }
  return text;
}

void fail(Connection& connection, const LostJob& job, const model::ComputeNode& node) {
  execute(connection, "UPDATE jobs SET losses = ?, lost_on = ? WHERE id = ?", job.losses, job.lost_on, job.id);
  model::Result result;
  result.job_id = job.id;
  result.workflow_id = node.workflow_id;
  result.attempt_id = job.attempt_id;
  result.compute_node_id = *node.id;
  result.return_code = k_return_code_of_loss;
  result.completion_time = base::timestamp_now();
  result.run_id = workflow_status(connection, node.workflow_id).run_id;
  result.status = model::JobStatus::failed;
  end_job(connection, result);
  add_event(connection, node.workflow_id,
            {{"category", "job"},
             {"event_type", "job_lost"},
             {"job_id", job.id},
             {"job_name", job.name},
             {"compute_node_id", *node.id},
             {"hosts", job.lost_on},
             {"losses", job.losses},
             {"return_code", k_return_code_of_loss},
             {"message", fmt::format("Job {} ({}) failed: its worker was lost {} times, on {}", job.id, job.name,
                                     job.losses, joined(job.lost_on))}});
}

void add_lost_event(Connection& connection, const LostNode& lost, std::chrono::milliseconds silent) {
  const auto& node = lost.node;
  const double seconds = std::chrono::duration<double>(silent).count();
  add_event(connection, node.workflow_id,
            {{"category", "compute_node"},
             {"event_type", "compute_node_lost"},
             {"compute_node_id", *node.id},
             {"hostname", node.hostname},
             {"host", host_of(node)},
             {"pid", node.pid},
             {"silent_seconds", seconds},
             {"requeued_job_ids", lost.requeued},
             {"failed_job_ids", lost.failed},
             {"message", fmt::format("Compute node {} on {} (PID {}) is lost: no contact for {:.1f} s. {} "
                                     "requeued, {} failed",
                                     *node.id, host_of(node), node.pid, seconds,
                                     base::counted(std::ssize(lost.requeued), "job"), lost.failed.size())}});
}

}  // namespace

std::optional<LostNode> mark_node_lost(Connection& connection, Id id) {
  auto& signs = connection.impl().signs_of_life;
  auto node = find<model::ComputeNode>(connection, id);
  if (!node || !node->is_active.value_or(false) || !node->last_heartbeat) {
    signs.erase(id);
    return std::nullopt;
  }
  const auto now = SilenceClock::now();
  auto& sign = signs[id];
  const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - sign.seen);
  // The entry is removed only after the node was read as inactive, because this transaction may still be rolled back.
  sign = {.workflow_id = node->workflow_id, .seen = now, .written = sign.written};
  LostNode lost{.node = std::move(*node)};
  execute(connection, "UPDATE compute_nodes SET is_active = 0 WHERE id = ?", id);
  for (const auto& job : jobs_at_work(connection, id, host_of(lost.node))) {
    if (job.losses < k_max_losses) {
      requeue(connection, job);
      lost.requeued.push_back(job.id);
    } else {
      fail(connection, job, lost.node);
      lost.failed.push_back(job.id);
    }
  }
  if (!lost.requeued.empty()) {
    connection.changes().claimable.insert(lost.node.workflow_id);
  }
  add_lost_event(connection, lost, silent);
  return lost;
}

}  // namespace torc::store
