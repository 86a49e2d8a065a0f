#pragma once

// Ids in a record that name other records: those have to be of the same workflow. A record that is no longer there may
// be named, as ids are never given twice; torc 0.23 accepts it, too.

#include <type_traits>

#include "store/query.hpp"
#include "torc/model/automation.hpp"
#include "torc/model/models.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {

/// What an id names. Some fields do not say which kind of scheduler they mean.
enum class Referred { failure_handler, slurm_scheduler, local_scheduler, any_scheduler, compute_node, scheduled_node };

/// @throws Refused unprocessable if the record is there and belongs to another workflow
void require_same_workflow(Connection& connection, Referred referred, Id id, Id workflow_id);

/// Checks each id in a record that is to be kept in the workflow. `insert` and `update` call these.
/// @throws Refused unprocessable
void check_references(Connection& connection, const model::Job& job, Id workflow_id);
void check_references(Connection& connection, const model::Result& result, Id workflow_id);
void check_references(Connection& connection, const model::ComputeNode& node, Id workflow_id);
void check_references(Connection& connection, const model::ScheduledComputeNode& node, Id workflow_id);
void check_references(Connection& connection, const model::WorkflowAction& action, Id workflow_id);

/// Whether there is a check_references for the model.
template <typename T>
inline constexpr bool k_has_references =
    std::is_same_v<T, model::Job> || std::is_same_v<T, model::Result> || std::is_same_v<T, model::ComputeNode> ||
    std::is_same_v<T, model::ScheduledComputeNode> || std::is_same_v<T, model::WorkflowAction>;

/// Adds a problem for each row whose JSON, in a column that names other records, cannot be parsed, at most `most`. The
/// database has version 2 or newer.
/// @throws SQLite::Exception
void find_malformed_json(SQLite::Database& database, int most, Check& check);

/// Adds a problem for each id that names a record of another workflow, at most `most`. Skips malformed JSON. The
/// database has version 2 or newer.
/// @throws SQLite::Exception
void find_foreign_references(SQLite::Database& database, int most, Check& check);

}  // namespace torc::store
