#pragma once

#include <string>
#include <vector>

#include "spec/fields.hpp"
#include "spec/node.hpp"
#include "spec/parameters.hpp"
#include "torc/spec/workflow_spec.hpp"

namespace torc::spec {

/// A workflow on its way from nodes to WorkflowSpec: expanded, names not yet resolved. Each item comes with the node
/// it was read from, for errors.
struct Draft {
  WorkflowSpec spec{};
  std::vector<const Node*> requirement_nodes{};
  std::vector<const Node*> file_nodes{};
  std::vector<const Node*> job_nodes{};
  std::vector<std::vector<std::string>> depends_on_regexes{};  ///< By job.
};

// Each reads one part of the file. All throw base::Error with the place.

/// The keys of the workflow itself, the resource monitor among them.
void read_workflow(const Fields& top, Draft& draft);
/// The JSON text that is stored for `resource_monitor`; monitoring of jobs is on where the file says nothing.
std::string read_monitor(const Fields& top);
void read_requirements(const Fields& top, Draft& draft);
/// The files and jobs, expanded by their parameters.
void read_files_and_jobs(const Fields& top, Draft& draft);

/// Resolves every name: refuses duplicates and names of nothing, puts what depends_on_regexes match into depends_on,
/// and refuses dependencies that lead back to their job, be it through files.
void link(const Document& document, Draft& draft);

}  // namespace torc::spec
