#pragma once

// Items of the listings of dependencies: which job depends on which, and who reads and writes what.

#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

struct JobDependency {
  Id job_id{0};
  std::string job_name;
  Id depends_on_job_id{0};
  std::string depends_on_job_name;
  Id workflow_id{0};

  TORC_FIELDS(job_id, job_name, depends_on_job_id, depends_on_job_name, workflow_id);
};

/// Which job writes a file and which job reads it.
struct FileRelationship {
  Id file_id{0};
  std::string file_name;
  std::string file_path;
  std::optional<Id> producer_job_id;
  std::optional<std::string> producer_job_name;
  std::optional<Id> consumer_job_id;
  std::optional<std::string> consumer_job_name;
  Id workflow_id{0};

  TORC_FIELDS(file_id, file_name, file_path, producer_job_id, producer_job_name, consumer_job_id, consumer_job_name,
              workflow_id);
};

/// Which job writes user data and which job reads it.
struct UserDataRelationship {
  Id user_data_id{0};
  std::string user_data_name;
  std::optional<Id> producer_job_id;
  std::optional<std::string> producer_job_name;
  std::optional<Id> consumer_job_id;
  std::optional<std::string> consumer_job_name;
  Id workflow_id{0};

  TORC_FIELDS(user_data_id, user_data_name, producer_job_id, producer_job_name, consumer_job_id, consumer_job_name,
              workflow_id);
};

}  // namespace torc::model
