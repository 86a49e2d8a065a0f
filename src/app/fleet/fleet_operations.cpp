#include "torc/app/fleet/fleet_operations.hpp"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "app/fleet/transfer_meter.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/base/error.hpp"

namespace torc::app {
namespace {

void make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw base::Error(fmt::format("cannot create the directory {}: {}", path, error.message()));
  }
}

}  // namespace

Outcomes<remote::CollectResult> collect_logs(client::Api& api, const Fleet& fleet, const CollectOptions& options,
                                             const remote::SshOptions& ssh, Reporter& reporter,
                                             const std::stop_token& stop) {
  make_directory(options.local_dir);
  reporter.report(
      CollectBegun{.workers = fleet.workers.size(), .local_dir = options.local_dir, .deletes = options.remove});
  const remote::CollectSettings settings{.workflow = workflow_ref(api, fleet.workflow_id),
                                         .output_dir = options.output_dir,
                                         .local_dir = options.local_dir,
                                         .remove = options.remove,
                                         .force = options.force,
                                         .extract = options.extract,
                                         .max_size = options.max_size,
                                         .stop = stop};
  remote::SshTransport transport(ssh, stop);
  const TransferMeter meter(options.local_dir, fmt::format("torc_logs_{}_", fleet.workflow_id), reporter);
  return pair_with_workers(fleet, remote::collect_logs(transport, fleet.workers, settings));
}

Outcomes<remote::DeleteResult> delete_logs(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                           const std::string& output_dir, const remote::SshOptions& ssh,
                                           const std::stop_token& stop) {
  remote::SshTransport transport(ssh, stop);
  return for_each_worker(fleet, transport, [&](const remote::Worker& worker) {
    return remote::delete_logs(transport, worker, workflow, output_dir);
  });
}

Outcomes<remote::ExecResult> exec_on_workers(const Fleet& fleet, const std::vector<std::string>& words,
                                             const remote::SshOptions& ssh, const std::stop_token& stop) {
  remote::SshTransport transport(ssh, stop);
  return for_each_worker(
      fleet, transport, [&](const remote::Worker& worker) { return remote::exec_on_worker(transport, worker, words); });
}

}  // namespace torc::app
