#include "torc/app/fleet/install_torc.hpp"

#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "torc/app/reporter.hpp"
#include "torc/base/version.hpp"

namespace torc::app {

Outcomes<remote::InstallResult> install_torc(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                             const InstallOptions& options, const remote::SshOptions& ssh,
                                             Reporter& reporter, const std::stop_token& stop) {
  const remote::InstallSettings settings{
      .workflow = workflow,
      // The file that this process runs, even if it has been replaced since. Not "self", which for scp means scp.
      .program = fmt::format("/proc/{}/exe", ::getpid()),
      .version = base::k_version,
      .build_id = base::k_build_id,
      .prefix = options.prefix,
      .force = options.force,
      .limit = std::chrono::ceil<std::chrono::seconds>(ssh.script_limit)};
  reporter.report(InstallBegun{.workers = fleet.workers.size()});
  remote::SshTransport transport(ssh, stop);
  auto outcomes = pair_with_workers(fleet, remote::install_on_workers(transport, fleet.workers, settings));
  for (const auto& [worker, result] : outcomes) {
    reporter.report(WorkerInstalled{.worker = worker, .result = result});
  }
  reporter.report(
      InstallEnded{.good = count_if(outcomes, [](const auto& each) { return each.ok; }), .total = outcomes.size()});
  return outcomes;
}

}  // namespace torc::app
