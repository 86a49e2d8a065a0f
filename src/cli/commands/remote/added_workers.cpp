#include "cli/commands/remote/added_workers.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cli/print/fleet_report.hpp"
#include "cli/print/reporters.hpp"
#include "torc/base/error.hpp"

namespace torc::cli {
namespace {

nlohmann::json row(const remote::Worker& worker, const std::optional<std::string>& problem) {
  auto json = worker_json(worker, !problem);
  if (problem) {
    json["message"] = *problem;
  }
  return json;
}

}  // namespace

int add_workers(const app::AddRequest& request, const remote::SshOptions& ssh, CommandContext& context) {
  const Output& output = context.output();
  const auto reporter = make_reporter(output);
  const auto outcomes = app::add_workers(context.api(), request, ssh, *reporter, context.stop_on_signal());
  std::vector<std::pair<std::string, std::string>> unreachable;
  for (const auto& [worker, problem] : outcomes) {
    if (problem) {
      unreachable.emplace_back(worker.name, *problem);
    }
  }
  if (output.json()) {
    output.document(fleet_document(request.workflow_id, outcomes, row));
    return unreachable.empty() ? k_exit_ok : k_exit_failure;
  }
  if (!unreachable.empty()) {
    throw base::Error(connectivity_error(unreachable));
  }
  return k_exit_ok;
}

}  // namespace torc::cli
