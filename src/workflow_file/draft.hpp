#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "torc/workflow_file/workflow_description.hpp"
#include "workflow_file/fields.hpp"
#include "workflow_file/node.hpp"
#include "workflow_file/parameters.hpp"

namespace torc::workflow_file {

/// The key of a job's list of names, and the key of the regular expressions that add names to it.
struct NameList {
  enum class Of { jobs, files, user_data };

  const char* key;
  const char* regexes_key;
  Of of;
  bool is_output;
  std::vector<std::string> JobDescription::*names;
};

inline constexpr std::array<NameList, 5> k_name_lists{
    {{"depends_on", "depends_on_regexes", NameList::Of::jobs, false, &JobDescription::depends_on},
     {"input_files", "input_file_regexes", NameList::Of::files, false, &JobDescription::input_files},
     {"output_files", "output_file_regexes", NameList::Of::files, true, &JobDescription::output_files},
     {"input_user_data", "input_user_data_regexes", NameList::Of::user_data, false, &JobDescription::input_user_data},
     {"output_user_data", "output_user_data_regexes", NameList::Of::user_data, true,
      &JobDescription::output_user_data}}};

/// A regular expression of a job whose matches are added to one of its lists.
struct JobRegex {
  std::size_t list;  ///< Index in k_name_lists.
  std::size_t item;  ///< Index among the expressions of that list.
  std::string text;
};

/// A workflow between nodes and WorkflowDescription: expanded, with names not yet resolved. Each item has the node from
/// which it was read, for errors.
struct Draft {
  WorkflowDescription description{};
  std::vector<const Node*> requirement_nodes{};
  std::vector<const Node*> failure_handler_nodes{};
  std::vector<const Node*> file_nodes{};
  std::vector<const Node*> user_data_nodes{};
  std::vector<const Node*> job_nodes{};
  std::vector<const Node*> action_nodes{};
  std::vector<std::vector<JobRegex>> job_regexes{};          ///< By job.
  std::vector<std::vector<std::string>> job_name_regexes{};  ///< By action.
};

// Each function reads one part of the file, and throws base::Error with the place of an error.

/// Reads the keys of the workflow itself, including the resource monitor.
void read_workflow(const Fields& top, Draft& draft);
/// The JSON text that is stored for `resource_monitor`; by default, jobs are monitored.
std::string read_monitor(const Fields& top);
void read_requirements(const Fields& top, Draft& draft);
void read_failure_handlers(const Fields& top, Draft& draft);
/// Reads the files, user data and jobs, and expands their parameters.
void read_items(const Fields& top, Draft& draft);
void read_actions(const Fields& top, Draft& draft);
/// Reads the execution settings, as the JSON text that is stored for them. It includes the `stdio` of single jobs, so
/// the jobs must have been read.
void read_execution(const Fields& top, Draft& draft);

/// Resolves every name: rejects duplicates and unknown names, adds the matches of regular expressions to the lists, and
/// rejects cyclic dependencies, also through files and user data.
void link(const Document& document, Draft& draft);

}  // namespace torc::workflow_file
