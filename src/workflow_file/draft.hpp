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

/// A list of names that a job may have, and the list of regular expressions that adds to it.
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

/// A regular expression of a job whose matches belong into one of its lists.
struct JobRegex {
  std::size_t list;  ///< Of k_name_lists.
  std::size_t item;  ///< Which of that list's expressions.
  std::string text;
};

/// A workflow on its way from nodes to WorkflowDescription: expanded, names not yet resolved. Each item comes with the node
/// it was read from, for errors.
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

// Each reads one part of the file. All throw base::Error with the place.

/// The keys of the workflow itself, the resource monitor among them.
void read_workflow(const Fields& top, Draft& draft);
/// The JSON text that is stored for `resource_monitor`; monitoring of jobs is on where the file says nothing.
std::string read_monitor(const Fields& top);
void read_requirements(const Fields& top, Draft& draft);
void read_failure_handlers(const Fields& top, Draft& draft);
/// The files, user data and jobs, expanded by their parameters.
void read_items(const Fields& top, Draft& draft);
void read_actions(const Fields& top, Draft& draft);
/// How jobs are run, as the JSON text that is stored for it. The jobs' own `stdio` goes with it, so they must have been
/// read.
void read_execution(const Fields& top, Draft& draft);

/// Resolves every name: refuses duplicates and names of nothing, puts what regular expressions match into the lists,
/// and refuses dependencies that lead back to their job, be it through files or user data.
void link(const Document& document, Draft& draft);

}  // namespace torc::workflow_file
