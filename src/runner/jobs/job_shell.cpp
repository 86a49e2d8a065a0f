#include "runner/jobs/job_shell.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "torc/base/environment.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/proc/command.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

constexpr std::chrono::seconds k_start_limit{10};

/// The absolute path, since actions run in another directory; a name without '/' stays as it is.
std::string resolved(const std::string& wanted) {
  if (wanted.find('/') == std::string::npos) {
    return wanted;
  }
  if (wanted.starts_with("~/")) {
    return base::env_or("HOME") + wanted.substr(1);
  }
  return std::filesystem::absolute(wanted).string();
}

/// Why the program cannot run jobs; empty: it can. Its exit status does not matter.
std::string why_unusable(const std::string& program) {
  if (program.find('/') == std::string::npos && !proc::is_in_path(program)) {
    return "it is not in PATH";
  }
  const auto result = proc::run_command({.argv = {program, "-c", ""}, .limit = k_start_limit});
  return result.end == proc::CommandResult::End::not_started ? result.err : "";
}

}  // namespace

bool JobShell::is_known() const {
  static constexpr std::array<std::string_view, 4> k_names{"bash", "sh", "dash", "ash"};
  static constexpr std::array<std::string_view, 3> k_places{"", "/bin", "/usr/bin"};
  const std::filesystem::path path(program);
  return std::ranges::find(k_names, path.filename().string()) != k_names.end() &&
         std::ranges::find(k_places, path.parent_path().string()) != k_places.end();
}

JobShell choose_shell(const std::string& wanted) {
  if (!wanted.empty()) {
    const std::string program = resolved(wanted);
    if (const auto reason = why_unusable(program); !reason.empty()) {
      throw base::Error(
          fmt::format("the shell '{}' cannot run jobs: {}; choose another with --shell, or shell= in the worker file",
                      base::printable_line(wanted), base::printable_line(reason)));
    }
    return {.program = program};
  }
  if (proc::is_in_path("bash")) {
    return {.program = "bash"};
  }
  if (proc::is_in_path("sh")) {
    return {.program = "sh", .replaces_bash = true};
  }
  throw base::Error(
      "PATH contains neither bash nor sh, one of which must run the command lines of jobs; set PATH, or name a shell "
      "with --shell");
}

}  // namespace torc::runner
