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

/// A job as the workflow file has it, parameters expanded. Names, not ids: the server gives those.
struct JobDescription {
  std::string name{};
  std::string command{};
  std::optional<std::string> invocation_script{};
  std::optional<std::int64_t> priority{};
  std::optional<bool> cancel_on_blocking_job_failure{};
  std::optional<bool> supports_termination{};
  std::optional<std::string> resource_requirements{};
  std::optional<std::string> failure_handler{};
  // What its regular expressions match stands in the lists, in the file's order, each name once.
  /// Jobs that must be done first. (The server adds those that write this job's input files and user data.)
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
  model::WorkflowAction action{};   ///< Without the ids of its jobs.
  std::vector<std::string> jobs{};  ///< What its regular expressions match among them, each name once.
};

/// A workflow file, read, checked and expanded: every name in it resolves, no dependency leads back to its job.
struct WorkflowDescription {
  model::Workflow workflow{};  ///< `user` empty where the file names none.
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

/// Reads a workflow file; the format is told by its extension (.yaml, .yml, .json, .json5).
/// @throws base::Error "FILE:LINE: ..." that names the key
WorkflowDescription read_workflow_file(const std::filesystem::path& path);

/// The same from text; `name` is how errors name the file.
WorkflowDescription parse_workflow(std::string_view text, Format format, const std::string& name);

}  // namespace torc::workflow_file
