#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unordered_set>

#include <fmt/format.h>

#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"

namespace torc::app {
namespace {

using IdSet = std::unordered_set<model::Id>;

bool exists(const model::File& file) {
  std::error_code error;
  return std::filesystem::exists(file.path, error);
}

IdSet output_file_ids(client::Api& api, model::Id workflow_id) {
  client::JobFilter filter;
  filter.include_relationships = true;
  IdSet ids;
  for (const auto& job : api.list_jobs(workflow_id, filter).items) {
    if (job.output_file_ids) {
      ids.insert(job.output_file_ids->begin(), job.output_file_ids->end());
    }
  }
  return ids;
}

std::vector<std::string> missing_user_data(client::Api& api, model::Id workflow_id) {
  const auto ids = api.missing_user_data(workflow_id);
  const IdSet missing(ids.begin(), ids.end());
  std::vector<std::string> names;
  if (!missing.empty()) {
    for (const auto& data : api.list_user_data(workflow_id).items) {
      if (data.id && missing.contains(*data.id)) {
        names.push_back(data.name);
      }
    }
  }
  return names;
}

}  // namespace

Readiness check_readiness(client::Api& api, model::Id workflow_id, bool with_outputs) {
  const auto required_ids = api.required_existing_files(workflow_id);
  const IdSet required(required_ids.begin(), required_ids.end());
  const IdSet outputs = with_outputs ? output_file_ids(api, workflow_id) : IdSet{};
  Readiness result;
  if (!required.empty() || !outputs.empty()) {
    for (const auto& file : api.list_files(workflow_id, {}).items) {
      const model::Id id = file.id.value_or(0);
      if (required.contains(id) && !exists(file)) {
        result.missing_input_files.push_back(file);
      } else if (outputs.contains(id) && exists(file)) {
        result.existing_output_files.push_back(file);
      }
    }
  }
  result.missing_user_data = missing_user_data(api, workflow_id);
  return result;
}

void require_ready(model::Id workflow_id, const Readiness& readiness) {
  if (readiness.ok()) {
    return;
  }
  constexpr std::size_t k_shown = 20;
  std::string message = fmt::format("workflow {} cannot start:", workflow_id);
  std::size_t shown = 0;
  for (const auto& file : readiness.missing_input_files) {
    if (++shown <= k_shown) {
      message += fmt::format("\n  {}: no such file (input file '{}')", base::printable_line(file.path),
                             base::printable_line(file.name));
    }
  }
  for (const auto& name : readiness.missing_user_data) {
    if (++shown <= k_shown) {
      message += fmt::format("\n  user data '{}' is empty", base::printable_line(name));
    }
  }
  if (shown > k_shown) {
    message += fmt::format("\n  ... and {} more", shown - k_shown);
  }
  std::error_code error;
  message += fmt::format(
      "\nNo job writes them, so they must exist first (checked in {}). If they are only on other machines, "
      "'torc workflows init {} --force' starts the workflow anyway.",
      std::filesystem::current_path(error).string(), workflow_id);
  throw base::Error(message);
}

void start_next_run(client::Api& api, model::Id workflow_id, bool only_uninitialized) {
  if (api.has_capability(model::Capability::initialize_next_run)) {
    api.initialize_next_run(workflow_id, only_uninitialized, /*if_uninitialized=*/false);
    return;
  }
  auto status = api.get_workflow_status(workflow_id);
  ++status.run_id;
  status.is_canceled = false;
  api.update_workflow_status(workflow_id, status);
  api.initialize_jobs(workflow_id, only_uninitialized, /*clear_ephemeral_user_data=*/false);
}

bool initialize_if_new(client::Api& api, model::Id workflow_id, bool skip_checks) {
  if (!api.is_workflow_uninitialized(workflow_id)) {
    return false;
  }
  if (!skip_checks) {
    require_ready(workflow_id, check_readiness(api, workflow_id, /*with_outputs=*/false));
  }
  if (api.has_capability(model::Capability::initialize_next_run)) {
    // If several commands do this at the same time, only one of them initializes the workflow.
    return api.initialize_next_run(workflow_id, /*only_uninitialized=*/true, /*if_uninitialized=*/true);
  }
  // Only uninitialized jobs, so that a job is not reset if another command that does the same has just started it.
  start_next_run(api, workflow_id, /*only_uninitialized=*/true);
  return true;
}

}  // namespace torc::app
