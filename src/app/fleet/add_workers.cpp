#include "torc/app/fleet/add_workers.hpp"

#include <utility>

#include <fmt/format.h>

#include "torc/app/fleet/workers.hpp"
#include "torc/app/reporter.hpp"
#include "torc/remote/start.hpp"

namespace torc::app {

void warn_of_lost_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries, const char* consequence,
                           Reporter& reporter) {
  if (loses_settings(api, entries)) {
    reporter.report(Warning{fmt::format(
        "This server stores only the addresses of workers, not the settings in the worker file{}", consequence)});
  }
}

Outcomes<std::optional<std::string>> add_workers(client::Api& api, const AddRequest& request,
                                                 const remote::SshOptions& ssh, Reporter& reporter,
                                                 const std::stop_token& stop) {
  std::vector<std::string> addresses;
  for (const auto& entry : request.workers) {
    addresses.push_back(model::to_string(entry.address));
  }
  // Fails early if the workflow does not exist.
  static_cast<void>(api.list_remote_workers(request.workflow_id));
  const Fleet fleet{.workflow_id = request.workflow_id, .workers = remote::make_workers(addresses)};
  std::vector<std::optional<std::string>> problems(fleet.workers.size());
  if (!request.skip_ssh_check) {
    reporter.report(WorkersBeingChecked{.count = fleet.workers.size()});
    remote::SshTransport transport(ssh, stop);
    problems = remote::check_connectivity(transport, fleet.workers);
  }
  std::vector<model::RemoteWorker> reachable;
  WorkersAdded added{.workflow_id = request.workflow_id};
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (!problems[i]) {
      reachable.push_back(request.keep_settings ? stored_form(request.workers[i])
                                                : model::RemoteWorker{.worker = addresses[i]});
      added.addresses.push_back(reachable.back().worker);
    }
  }
  if (!request.skip_ssh_check) {
    reporter.report(WorkersChecked{.passed = reachable.size(), .total = fleet.workers.size()});
  }
  if (!reachable.empty()) {
    api.create_remote_workers(request.workflow_id, reachable);
    reporter.report(std::move(added));
    warn_of_lost_settings(api, request.workers, "", reporter);
  }
  return pair_with_workers(fleet, std::move(problems));
}

}  // namespace torc::app
