#pragma once

// The lists of ids of a job: which jobs, files and user data it depends on, reads and writes.

#include <array>
#include <optional>
#include <vector>

#include "torc/store/jobs.hpp"

namespace torc::store {

/// One of a job's lists: the field, and the table and column it is kept in.
struct Relation {
  std::optional<std::vector<Id>> model::Job::*field;
  const char* table;
  const char* column;
  const char* target_table;
  const char* what;  ///< How an error names a target.
  bool is_output;
};

inline constexpr std::array<Relation, 5> k_relations{{
    {&model::Job::depends_on_job_ids, "job_dependencies", "depends_on_job_id", "jobs", "job", false},
    {&model::Job::input_file_ids, "job_input_files", "file_id", "files", "file", false},
    {&model::Job::output_file_ids, "job_output_files", "file_id", "files", "file", true},
    {&model::Job::input_user_data_ids, "job_input_user_data", "user_data_id", "user_data", "user data", false},
    {&model::Job::output_user_data_ids, "job_output_user_data", "user_data_id", "user_data", "user data", true},
}};

/// Fills in the lists of `jobs` that are asked for and not empty, in the order of the ids.
void read_relations(Connection& connection, std::vector<model::Job>& jobs, Relations relations);

/// Keeps the lists that are present, in place of what was there.
/// @throws Refused unprocessable for an id that is none of this workflow's
void write_relations(Connection& connection, Id job_id, Id workflow_id, const model::Job& job, bool replace);

}  // namespace torc::store
