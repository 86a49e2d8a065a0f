#pragma once

#include <optional>
#include <string>

#include "torc/store/records.hpp"

namespace torc::store {

/// Stands for what the job reads: the times of files that no job writes, and user data. Kept from a job's start on for
/// process_changed_inputs. Nothing for a job that reads nothing.
std::optional<std::string> input_hash(Connection& connection, Id job_id);

}  // namespace torc::store
