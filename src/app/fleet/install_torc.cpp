#include "torc/app/fleet/install_torc.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "torc/app/reporter.hpp"
#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/version.hpp"

namespace torc::app {
namespace {

/// As installations have it: /usr/bin/torc and /usr/lib/torc.
std::string default_binary_dir() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "lib" / "torc").string();
}

/// This program first, then the portable ones.
std::vector<remote::InstallProgram> programs_in(const std::string& binary_dir, const InstallOptions& options) {
  std::error_code error;
  if (!options.binary_dir.empty() && !std::filesystem::is_directory(binary_dir, error)) {
    throw base::UsageError(fmt::format("--binary-dir {}: {}", base::printable(binary_dir),
                                       error ? error.message() : "it is not a directory"));
  }
  auto programs = remote::portable_programs(binary_dir);
  if (programs.empty() && !options.binary_dir.empty()) {
    throw base::UsageError(fmt::format("--binary-dir {}: it contains neither torc-linux-x86_64 nor torc-linux-aarch64",
                                       base::printable(binary_dir)));
  }
  // The file that this process runs, even if it has been replaced since. Not "self", which for scp means scp.
  programs.insert(
      programs.begin(),
      {.path = fmt::format("/proc/{}/exe", ::getpid()), .name = "this program", .machine = remote::own_machine()});
  return programs;
}

}  // namespace

Outcomes<remote::InstallResult> install_torc(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                             const InstallOptions& options, const remote::SshOptions& ssh,
                                             Reporter& reporter, const std::stop_token& stop) {
  const std::string binary_dir = options.binary_dir.empty() ? default_binary_dir() : options.binary_dir;
  const remote::InstallSettings settings{.workflow = workflow,
                                         .programs = programs_in(binary_dir, options),
                                         .version = base::k_version,
                                         .build_id = base::k_build_id,
                                         .binary_dir = binary_dir,
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
