#pragma once

#include <optional>
#include <string>

#include "torc/store/records.hpp"

namespace torc::store {

/// A hash of the job's inputs: the times of files that no job writes, and user data. Stored when a job starts, for
/// process_changed_inputs. Nothing if the job has no inputs.
std::optional<std::string> input_hash(Connection& connection, Id job_id);

}  // namespace torc::store
