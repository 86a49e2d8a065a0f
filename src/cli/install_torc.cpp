#include "cli/install_torc.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/parser/command_line.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/version.hpp"

namespace torc::cli {
namespace {

std::string install_line(const remote::Worker& worker, const remote::InstallResult& result) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  const std::string path = base::printable_line(result.path);
  if (result.installed) {
    return fmt::format("  [OK] {}: Installed {}", worker.name, path);
  }
  const std::string note = result.message.empty() ? "" : fmt::format(" ({})", result.message);
  return fmt::format("  [OK] {}: {} is torc {} already{}", worker.name, path, base::k_version, note);
}

}  // namespace

void add_prefix_option(Command command, std::string& prefix) {
  command.option("--prefix", prefix, "It comes to bin/torc there; relative: below the home")
      .type_name("DIR")
      .capture_default_str();
}

std::vector<remote::InstallResult> install_torc(const InstallRequest& request,
                                                const std::vector<remote::Worker>& workers, const SshSettings& ssh,
                                                Services& services) {
  const Output& output = services.output();
  remote::InstallSettings settings;
  settings.workflow = request.workflow;
  // The file that this process runs, also if another one has taken its name meanwhile; for scp, "self" is scp.
  settings.program = fmt::format("/proc/{}/exe", ::getpid());
  settings.version = base::k_version;
  settings.build_id = base::k_build_id;
  settings.prefix = request.prefix;
  settings.force = request.force;
  settings.limit = std::chrono::seconds(static_cast<std::int64_t>(std::ceil(ssh.limit_seconds)));
  output.line(fmt::format("Installing torc {} on {} worker(s)...", base::k_version, workers.size()));
  auto transport = make_transport(ssh, services);
  auto results = remote::install_on_workers(transport, workers, settings, ssh.max_parallel);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(install_line(workers[i], results[i]));
  }
  const auto good = std::count_if(results.begin(), results.end(), [](const auto& each) { return each.ok; });
  output.line(fmt::format("Installed torc on {}/{} workers", good, workers.size()));
  return results;
}

}  // namespace torc::cli
