#pragma once

// The table of each model. Columns have the names of the model's fields.

#include "torc/model/access.hpp"
#include "torc/model/automation.hpp"
#include "torc/model/models.hpp"
#include "torc/model/provenance.hpp"
#include "torc/model/schedulers.hpp"

namespace torc::store {

/// `k_name`: the table. `k_missing`: the error for a record that does not exist, followed by " with ID: N".
template <typename T>
struct Table;

#define TORC_TABLE(MODEL, NAME, MISSING)              \
  template <>                                         \
  struct Table<model::MODEL> {                        \
    static constexpr const char* k_name = NAME;       \
    static constexpr const char* k_missing = MISSING; \
  }

TORC_TABLE(Workflow, "workflows", "Workflow not found");
TORC_TABLE(Job, "jobs", "Job not found");
TORC_TABLE(ResourceRequirements, "resource_requirements", "Resource not found in resource_requirements");
TORC_TABLE(Result, "results", "Resource not found in result");
TORC_TABLE(ComputeNode, "compute_nodes", "Resource not found in compute_node");
TORC_TABLE(File, "files", "Resource not found in file");
TORC_TABLE(UserData, "user_data", "Resource not found in user_data");
TORC_TABLE(Event, "events", "Resource not found in event");
TORC_TABLE(ScheduledComputeNode, "scheduled_compute_nodes", "Resource not found in scheduled_compute_node");
TORC_TABLE(SlurmScheduler, "slurm_schedulers", "Resource not found in slurm_scheduler");
TORC_TABLE(LocalScheduler, "local_schedulers", "Resource not found in local_scheduler");
TORC_TABLE(SlurmStats, "slurm_stats", "Resource not found in slurm_stats");
TORC_TABLE(FailureHandler, "failure_handlers", "Resource not found in failure_handler");
TORC_TABLE(RoCrateEntity, "ro_crate_entities", "Resource not found in ro_crate_entity");
TORC_TABLE(WorkflowAction, "workflow_actions", "Action not found");
TORC_TABLE(AccessGroup, "access_groups", "Group not found");
TORC_TABLE(GroupMembership, "access_group_members", "Membership not found");

#undef TORC_TABLE

}  // namespace torc::store
