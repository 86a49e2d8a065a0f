#pragma once

// The ID lists of a job: the jobs that it depends on, and the files and user data that it reads and writes.

#include <array>
#include <optional>
#include <vector>

#include "torc/store/jobs.hpp"

namespace torc::store {

/// One of a job's ID lists: the field, and the table and column that store it.
struct Relation {
  std::optional<std::vector<Id>> model::Job::*field;
  const char* table;
  const char* column;
  const char* target_table;
  const char* what;  ///< The name of the target in errors.
  bool is_output;
};

inline constexpr std::array<Relation, 5> k_relations{{
    {&model::Job::depends_on_job_ids, "job_dependencies", "depends_on_job_id", "jobs", "job", false},
    {&model::Job::input_file_ids, "job_input_files", "file_id", "files", "file", false},
    {&model::Job::output_file_ids, "job_output_files", "file_id", "files", "file", true},
    {&model::Job::input_user_data_ids, "job_input_user_data", "user_data_id", "user_data", "user data", false},
    {&model::Job::output_user_data_ids, "job_output_user_data", "user_data_id", "user_data", "user data", true},
}};

/// Reads the requested lists of `jobs`, sorted by ID. Empty lists stay absent.
void read_relations(Connection& connection, std::vector<model::Job>& jobs, Relations relations);

/// Stores the lists that are present; with `replace`, instead of the stored ones.
/// @throws Refused unprocessable for an ID that belongs to another workflow or to none
void write_relations(Connection& connection, Id job_id, Id workflow_id, const model::Job& job, bool replace);

}  // namespace torc::store
