#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "torc/model/automation.hpp"
#include "torc/model/models.hpp"

namespace torc::workflow_file {

/// A job of the workflow file, with parameters expanded. Refers to other items by name, since the server assigns the
/// IDs.
struct JobDescription {
  std::string name{};
  std::string command{};
  std::optional<std::string> invocation_script{};
  std::optional<std::int64_t> priority{};
  std::optional<bool> cancel_on_blocking_job_failure{};
  std::optional<bool> supports_termination{};
  std::optional<std::string> resource_requirements{};
  std::optional<std::string> failure_handler{};
  // The lists include the matches of the job's regular expressions, in the file's order, each name once.
  /// Jobs that must complete first. (The server adds the jobs that write this job's input files and user data.)
  std::vector<std::string> depends_on{};
  std::vector<std::string> input_files{};
  std::vector<std::string> output_files{};
  std::vector<std::string> input_user_data{};
  std::vector<std::string> output_user_data{};
};

struct FileDescription {
  std::string name{};
  std::string path{};
};

struct UserDataDescription {
  std::string name{};
  std::optional<nlohmann::json> data{};
  std::optional<bool> is_ephemeral{};
};

struct ActionDescription {
  model::WorkflowAction action{};   ///< Without the IDs of its jobs.
  std::vector<std::string> jobs{};  ///< Including the matches of its regular expressions, each name once.
};

/// A workflow file that was read, checked and expanded: every name is resolved, and there are no cyclic dependencies.
struct WorkflowDescription {
  model::Workflow workflow{};  ///< `user` is empty if the file names none.
  std::vector<model::ResourceRequirements> resource_requirements{};
  std::vector<model::FailureHandler> failure_handlers{};
  std::vector<FileDescription> files{};
  std::vector<UserDataDescription> user_data{};
  std::vector<JobDescription> jobs{};
  std::vector<ActionDescription> actions{};
  std::int64_t job_count_before_expansion{0};
  std::int64_t file_count_before_expansion{0};
};

enum class Format { yaml, json, json5 };

/// Reads a workflow file, whose extension determines the format (.yaml, .yml, .json, .json5).
/// @throws base::Error "FILE:LINE: ..." that names the key
WorkflowDescription read_workflow_file(const std::filesystem::path& path);

/// Reads a workflow file from text; errors call the file `name`.
WorkflowDescription parse_workflow(std::string_view text, Format format, const std::string& name);

}  // namespace torc::workflow_file
