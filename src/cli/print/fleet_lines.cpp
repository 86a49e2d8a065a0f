#include "cli/print/fleet_lines.hpp"

#include <fmt/format.h>

#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/version.hpp"

namespace torc::cli {

std::string install_heading(const app::InstallBegun& event) {
  return fmt::format("Installing torc {} on {} worker(s)...", base::k_version, event.workers);
}

std::string install_line(const remote::Worker& worker, const remote::InstallResult& result) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  const std::string path = base::printable_line(result.path);
  if (result.installed) {
    return fmt::format("  [OK] {}: Installed {} ({})", worker.name, path, result.program);
  }
  const std::string note = result.message.empty() ? "" : fmt::format(" ({})", result.message);
  return fmt::format("  [OK] {}: {} is torc {} already{}", worker.name, path, base::k_version, note);
}

std::string signal_line(const remote::Worker& worker, const remote::StopResult& result, remote::StopMode mode) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  if (result.signaled_pid) {
    return fmt::format("  [OK] {}: Sent {} to PID {}", worker.name, remote::signal_name(mode), *result.signaled_pid);
  }
  return fmt::format("  [OK] {}: {}", worker.name, result.was_started ? "Process not running" : "No worker found");
}

std::string end_line(const remote::Worker& worker, const remote::StopResult& result) {
  if (result.ended) {
    return result.requeued
               ? fmt::format("  [OK] {}: Stopped ({} requeued)", worker.name, base::counted(*result.requeued, "job"))
               : fmt::format("  [OK] {}: Stopped", worker.name);
  }
  if (!result.message.empty()) {
    return fmt::format("  [FAILED] {}: Could not confirm that it exited: {}", worker.name,
                       base::printable_line(result.message));
  }
  return fmt::format("  [FAILED] {}: Still running", worker.name);
}

}  // namespace torc::cli
