#include "runner/jobs/job_shell.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

bool can_be_started(const std::string& program) {
  return program.find('/') == std::string::npos ? proc::is_in_path(program) : ::access(program.c_str(), X_OK) == 0;
}

}  // namespace

bool JobShell::is_known() const {
  static constexpr std::array<std::string_view, 4> k_known{"bash", "sh", "dash", "ash"};
  const std::string_view name = std::string_view(program).substr(program.rfind('/') + 1);
  return std::ranges::find(k_known, name) != k_known.end();
}

JobShell choose_shell(const std::string& wanted) {
  if (!wanted.empty()) {
    if (!can_be_started(wanted)) {
      throw base::Error(fmt::format(
          "the shell '{}' for jobs is not a program that can be started here; install it, or change --shell or the "
          "worker's setting shell=",
          base::printable(wanted)));
    }
    return {.program = wanted};
  }
  if (can_be_started("bash")) {
    return {.program = "bash"};
  }
  if (can_be_started("sh")) {
    return {.program = "sh", .replaces_bash = true};
  }
  throw base::Error(
      "PATH contains neither bash nor sh, one of which must run the command lines of jobs; set PATH, or "
      "name a shell with --shell");
}

}  // namespace torc::runner
