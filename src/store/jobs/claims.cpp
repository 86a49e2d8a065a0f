// Selects the ready jobs that a runner gets.

#include <algorithm>

#include <fmt/format.h>

#include "store/jobs/job_runs.hpp"
#include "store/records/references.hpp"
#include "store/records/relations.hpp"
#include "store/rows.hpp"
#include "store/sql.hpp"
#include "torc/base/units.hpp"
#include "torc/store/compute_nodes.hpp"
#include "torc/store/jobs.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

using model::JobStatus;

constexpr double k_bytes_per_gb = 1024.0 * 1024.0 * 1024.0;

/// The resources that are not assigned yet.
struct Free {
  std::int64_t cpus;
  std::int64_t gpus;
  double memory_bytes;
  std::int64_t nodes;
  std::optional<std::int64_t> seconds;
};

struct Need {
  std::int64_t cpus;
  std::int64_t gpus;
  double memory_bytes;
  std::int64_t nodes;
  std::int64_t seconds;
};

bool fits(const Need& need, const Free& free) {
  return need.cpus <= free.cpus && need.gpus <= free.gpus && need.memory_bytes <= free.memory_bytes &&
         need.nodes <= free.nodes && (!free.seconds || need.seconds <= *free.seconds);
}

Free free_of(const model::ComputeNodesResources& resources) {
  Free free{.cpus = resources.num_cpus,
            .gpus = resources.num_gpus,
            .memory_bytes = resources.memory_gb * k_bytes_per_gb,
            .nodes = resources.num_nodes,
            .seconds = std::nullopt};
  if (resources.time_limit) {
    const auto limit = base::parse_iso_duration(*resources.time_limit);
    if (!limit) {
      throw Refused(Refused::Reason::unprocessable,
                    fmt::format("time_limit: '{}' is not an ISO 8601 duration such as PT2H30M", *resources.time_limit));
    }
    free.seconds = limit->count() / 1000;
  }
  return free;
}

/// Jobs without requirements have the workflow's default, whose runtime says nothing about the job.
constexpr const char* k_seconds = "CASE WHEN r.name = 'default' THEN 0 ELSE r.runtime_seconds END";

/// The minimum that any job of the workflow requires: if it does not fit, no job does.
Need least_need(Connection& connection, Id workflow_id) {
  static const std::string sql = fmt::format(
      "SELECT MIN(num_cpus), MIN(num_gpus), MIN(memory_bytes), MIN(num_nodes), MIN({}) "
      "FROM resource_requirements r WHERE workflow_id = ?",
      k_seconds);
  Query row = query(connection, sql, workflow_id);
  row.step();
  return {.cpus = row.get<std::int64_t>(0),
          .gpus = row.get<std::int64_t>(1),
          .memory_bytes = row.get<double>(2),
          .nodes = row.get<std::int64_t>(3),
          .seconds = row.get<std::int64_t>(4)};
}

/// Chooses among jobs without a scheduler and jobs of the claimer's own scheduler, or among all jobs if the claimer has
/// none.
std::vector<Id> choose(Connection& connection, const Claim& claim, Free free, std::optional<Id> scheduler) {
  const Need least = least_need(connection, claim.workflow_id);
  std::vector<Id> chosen;
  static const std::string sql =
      fmt::format("SELECT j.id, r.num_cpus, r.num_gpus, r.memory_bytes, r.num_nodes, {} {}", k_seconds,
                  "FROM jobs j JOIN resource_requirements r ON r.id = j.resource_requirements_id "
                  "WHERE j.workflow_id = ?1 AND j.status = {ready} "
                  "AND (?2 IS NULL OR j.scheduler_id IS NULL OR j.scheduler_id = ?2) "
                  "ORDER BY j.priority DESC, j.id"_sql);
  Query rows = query(connection, sql, claim.workflow_id, scheduler);
  while (static_cast<std::int64_t>(chosen.size()) < claim.limit && fits(least, free) && rows.step()) {
    const Need need{.cpus = rows.get<std::int64_t>(1),
                    .gpus = rows.get<std::int64_t>(2),
                    .memory_bytes = rows.get<double>(3),
                    .nodes = rows.get<std::int64_t>(4),
                    .seconds = rows.get<std::int64_t>(5)};
    if (fits(need, free)) {
      free.cpus -= need.cpus;
      free.gpus -= need.gpus;
      free.memory_bytes -= need.memory_bytes;
      chosen.push_back(rows.get<Id>(0));
    }
  }
  return chosen;
}

/// Whether the node is inactive or draining. False for an unknown node, because torc 0.23 accepts any number.
/// @throws Refused unprocessable for a node of another workflow
bool has_left(Connection& connection, Id workflow_id, Id compute_node_id) {
  Query row = query(connection,
                    "SELECT workflow_id, is_active AND NOT COALESCE(is_draining, 0) FROM compute_nodes WHERE id = ?",
                    compute_node_id);
  if (!row.step()) {
    return false;
  }
  if (const Id owner = row.get<Id>(0); owner != workflow_id) {
    throw Refused(
        Refused::Reason::unprocessable,
        fmt::format("compute node {} belongs to workflow {}, not to workflow {}", compute_node_id, owner, workflow_id));
  }
  return !row.get<bool>(1);
}

/// Whether the workflow currently gives jobs to this claimer.
bool may_claim(Connection& connection, const Claim& claim) {
  if (claim.limit < 0) {
    throw Refused(Refused::Reason::unprocessable, fmt::format("limit must be >= 0, got {}", claim.limit));
  }
  const auto status = workflow_status(connection, claim.workflow_id);
  if (claim.start_run) {
    if (!claim.compute_node_id) {
      throw Refused(Refused::Reason::unprocessable, "starting jobs requires a compute_node_id");
    }
    require_node_of(connection, claim.workflow_id, *claim.compute_node_id);
    require_run(*claim.start_run, status.run_id);
  }
  if (!claim.compute_node_id) {
    return !status.is_canceled;
  }
  const bool left = has_left(connection, claim.workflow_id, *claim.compute_node_id);
  record_sign_of_life(connection, claim.workflow_id, *claim.compute_node_id);
  return !status.is_canceled && !left;
}

/// Marks the jobs as claimed and reads them, in the order of `ids`.
std::vector<model::Job> take(Connection& connection, const Claim& claim, const std::vector<Id>& ids) {
  std::vector<model::Job> jobs;
  jobs.reserve(ids.size());
  for (const Id id : ids) {
    if (claim.start_run) {
      mark_running(connection, id, *claim.compute_node_id);
    } else {
      execute(connection, "UPDATE jobs SET status = {pending}, compute_node_id = ? WHERE id = ?"_sql,
              claim.compute_node_id, id);
    }
    jobs.push_back(get<model::Job>(connection, id));
    if (claim.start_run) {
      notify_started(connection, jobs.back(), *claim.start_run, *claim.compute_node_id);
    }
    jobs.back().scheduler_id.reset();  // Responses to claims do not contain it; clients that need it read the job.
  }
  read_relations(connection, jobs, Relations::outputs);
  return jobs;
}

}  // namespace

std::vector<model::Job> claim_next_jobs(Connection& connection, const Claim& claim) {
  if (!may_claim(connection, claim)) {
    return {};
  }
  const auto ids = column<Id>(
      connection,
      "SELECT id FROM jobs WHERE workflow_id = ? AND status = {ready} ORDER BY priority DESC, id LIMIT ?"_sql,
      claim.workflow_id, claim.limit);
  return take(connection, claim, ids);
}

std::vector<model::Job> claim_jobs_that_fit(Connection& connection, const Claim& claim,
                                            const model::ComputeNodesResources& resources, bool strict_scheduler) {
  const Free free = free_of(resources);
  if (resources.scheduler_config_id) {
    require_workflow(connection, claim.workflow_id);
    require_same_workflow(connection, Referred::any_scheduler, *resources.scheduler_config_id, claim.workflow_id);
  }
  if (!may_claim(connection, claim)) {
    return {};
  }
  auto ids = choose(connection, claim, free, resources.scheduler_config_id);
  if (ids.empty() && resources.scheduler_config_id && !strict_scheduler) {
    ids = choose(connection, claim, free, std::nullopt);
  }
  return take(connection, claim, ids);
}

bool may_get_jobs_later(Connection& connection, const Claim& claim) {
  return claim.limit > 0 && !workflow_completion(connection, claim.workflow_id).is_complete &&
         !(claim.compute_node_id && has_left(connection, claim.workflow_id, *claim.compute_node_id));
}

}  // namespace torc::store
