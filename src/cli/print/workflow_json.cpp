#include "cli/print/workflow_json.hpp"

#include "torc/model/json.hpp"

namespace torc::cli {

nlohmann::json workflow_json(const model::Workflow& workflow) {
  nlohmann::json document = model::to_json(workflow);
  // Only these three, as scripts expect; execution_config and slurm_config stay text.
  for (const char* name : {"resource_monitor_config", "metadata", "slurm_defaults"}) {
    const auto it = document.find(name);
    if (it == document.end()) {
      continue;
    }
    try {
      *it = model::parse_json(it->get<std::string>());
    } catch (const model::JsonError&) {
      // Text that is not JSON is shown unchanged.
    }
  }
  return document;
}

}  // namespace torc::cli
