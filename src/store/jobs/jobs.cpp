#include "torc/store/jobs.hpp"

#include <fmt/format.h>

#include "store/jobs/transitions.hpp"
#include "store/records/relations.hpp"
#include "store/rows.hpp"
#include "store/sql.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

using model::JobStatus;

void check_requirements(Connection& connection, Id requirements_id, Id workflow_id) {
  const auto owner =
      value<Id>(connection, "SELECT workflow_id FROM resource_requirements WHERE id = ?", requirements_id);
  if (!owner || *owner != workflow_id) {
    throw Refused(Refused::Reason::unprocessable,
                  fmt::format("resource requirements {} do not belong to workflow {}", requirements_id, workflow_id));
  }
}

void check_priority(const model::Job& job) {
  if (job.priority.value_or(0) < 0) {
    throw Refused(Refused::Reason::unprocessable,
                  fmt::format("priority must be >= 0, got {} for job '{}'", *job.priority, job.name));
  }
}

/// Names of the changed fields that may change only before the job is initialized.
std::string guarded_changes(const model::Job& was, const model::Job& changes) {
  std::string names;
  const auto note = [&](const char* name, bool differs) {
    if (differs) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
  };
  const auto differs = [](const auto& now, const auto& before) { return now && now != before; };
  note("name", changes.name != was.name);
  note("command", changes.command != was.command);
  note("invocation_script", differs(changes.invocation_script, was.invocation_script));
  note("cancel_on_blocking_job_failure",
       differs(changes.cancel_on_blocking_job_failure, was.cancel_on_blocking_job_failure));
  note("supports_termination", differs(changes.supports_termination, was.supports_termination));
  for (const auto& relation : k_relations) {
    note(relation.column, differs(changes.*relation.field, was.*relation.field));
  }
  return names;
}

}  // namespace

std::vector<model::Job> create_jobs(Connection& connection, Id workflow_id, std::vector<model::Job> jobs) {
  require_workflow(connection, workflow_id);
  std::optional<Id> fallback;
  for (auto& job : jobs) {
    check_priority(job);
    if (job.resource_requirements_id) {
      check_requirements(connection, *job.resource_requirements_id, workflow_id);
    } else {
      if (!fallback) {
        fallback = default_requirements(connection, workflow_id);
      }
      job.resource_requirements_id = fallback;
    }
    // The caller cannot choose the initial status.
    job.status = JobStatus::uninitialized;
    job.attempt_id.reset();
    job.id = insert(connection, job);
    write_relations(connection, *job.id, workflow_id, job, false);
  }
  return jobs;
}

model::Job get_job(Connection& connection, Id id) {
  std::vector<model::Job> jobs{get<model::Job>(connection, id)};
  read_relations(connection, jobs, Relations::all);
  return std::move(jobs.front());
}

void filter_by_status(Filter& filter, JobStatus status) {
  if (!model::is_final(status)) {
    // Allows SQLite to use the index jobs_unfinished for a narrower condition.
    filter.where("status IN {unfinished}"_sql);
  }
  filter.equals("status", static_cast<std::int64_t>(status));
}

void filter_by_active_node(Filter& filter, Id compute_node_id) {
  filter.where("status IN {at_work} AND compute_node_id = ?"_sql, compute_node_id);
}

model::Page<model::Job> list_jobs(Connection& connection, const Filter& filter, const Paging& paging,
                                  Relations relations) {
  auto page = list<model::Job>(connection, filter, paging);
  read_relations(connection, page.items, relations);
  return page;
}

std::vector<Id> job_ids(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  return column<Id>(connection, "SELECT id FROM jobs WHERE workflow_id = ? ORDER BY id", workflow_id);
}

model::Job update_job(Connection& connection, Id id, const model::Job& changes) {
  const auto was = get_job(connection, id);
  check_priority(changes);
  if (changes.resource_requirements_id) {
    check_requirements(connection, *changes.resource_requirements_id, was.workflow_id);
  }
  if (was.status != JobStatus::uninitialized) {
    if (const auto names = guarded_changes(was, changes); !names.empty()) {
      throw Refused(
          Refused::Reason::unprocessable,
          fmt::format("Cannot update job {} when status is '{}' - most updates are only allowed when status is "
                      "'uninitialized'. Only scheduler_id and resource_requirements_id can be updated at any "
                      "time. Changed fields: [{}]",
                      id, to_string(*was.status), names));
    }
  }
  auto kept = changes;
  // Status and attempt are changed by other operations.
  kept.status.reset();
  kept.attempt_id.reset();
  update(connection, id, kept);
  write_relations(connection, id, was.workflow_id, kept, true);
  connection.changes().claimable.insert(was.workflow_id);
  return get_job(connection, id);
}

model::Job remove_job(Connection& connection, Id id) {
  auto was = get_job(connection, id);
  if (!model::is_final(*was.status)) {
    release_dependents(connection, id, JobStatus::completed);
  }
  remove<model::Job>(connection, id);
  connection.changes().ended.insert(was.workflow_id);
  return was;
}

}  // namespace torc::store
