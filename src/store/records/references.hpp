#pragma once

// IDs in a record that refer to other records must refer to records of the same workflow. They may refer to deleted
// records, because IDs are never reused; torc 0.23 accepts that, too.

#include <type_traits>

#include "store/query.hpp"
#include "torc/model/automation.hpp"
#include "torc/model/models.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {

/// The kind of record that an ID refers to. Some fields do not specify the kind of scheduler.
enum class Referred { failure_handler, slurm_scheduler, local_scheduler, any_scheduler, compute_node, scheduled_node };

/// @throws Refused unprocessable if the record exists and belongs to another workflow
void require_same_workflow(Connection& connection, Referred referred, Id id, Id workflow_id);

/// Checks all IDs in a record that is to be stored in the workflow. Called by `insert` and `update`.
/// @throws Refused unprocessable
void check_references(Connection& connection, const model::Job& job, Id workflow_id);
void check_references(Connection& connection, const model::Result& result, Id workflow_id);
void check_references(Connection& connection, const model::ComputeNode& node, Id workflow_id);
void check_references(Connection& connection, const model::ScheduledComputeNode& node, Id workflow_id);
void check_references(Connection& connection, const model::WorkflowAction& action, Id workflow_id);

/// Whether the model has an overload of check_references.
template <typename T>
inline constexpr bool k_has_references =
    std::is_same_v<T, model::Job> || std::is_same_v<T, model::Result> || std::is_same_v<T, model::ComputeNode> ||
    std::is_same_v<T, model::ScheduledComputeNode> || std::is_same_v<T, model::WorkflowAction>;

/// Adds a problem for each row with malformed JSON in a column that refers to other records, at most `most`. Requires a
/// database of version 2 or newer.
/// @throws SQLite::Exception
void find_malformed_json(SQLite::Database& database, int most, Check& check);

/// Adds a problem for each ID that refers to a record of another workflow, at most `most`. Skips malformed JSON.
/// Requires a database of version 2 or newer.
/// @throws SQLite::Exception
void find_foreign_references(SQLite::Database& database, int most, Check& check);

}  // namespace torc::store
