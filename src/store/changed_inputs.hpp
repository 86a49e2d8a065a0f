#pragma once

#include "torc/store/jobs.hpp"

namespace torc::store {

/// Notes what the job starts with, for process_changed_inputs. Costs nothing for a job that reads nothing.
void note_inputs(Connection& connection, const model::Job& job);

}  // namespace torc::store
