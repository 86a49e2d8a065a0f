#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "torc/base/strings.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// ssh prefixes some lines with whom it talked to, which the caller says anyway: "alice@ws1: Permission denied (...)."
std::string without_address(std::string line) {
  const auto denied = line.find(": Permission denied (");
  if (denied != std::string::npos && line.substr(0, denied).find(' ') == std::string::npos) {
    line.erase(0, denied + 2);
    if (line.ends_with('.')) {
      line.pop_back();
    }
  }
  return line;
}

bool is_noise(std::string_view line) {
  return line.empty() || line.starts_with("Warning: Permanently added") || line.starts_with("** ") ||
         line.starts_with("debug");
}

/// The last line that says something.
std::string last_line(const std::string& text) {
  const auto lines = base::split_lines(text);
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    if (const auto line = base::trim(*it); !is_noise(line)) {
      return without_address(base::printable(line));
    }
  }
  return {};
}

}  // namespace

std::string failure_reason(const proc::CommandResult& result) {
  using End = proc::CommandResult::End;
  switch (result.end) {
    case End::timed_out: {
      // What ssh or the script said before it hung may tell why.
      const std::string said = last_line(result.err);
      return said.empty() ? "timed out" : "timed out (" + said + ")";
    }
    case End::canceled:
      return "canceled";
    case End::not_started:
      return base::printable(result.err);
    case End::signaled:
      return fmt::format("ssh was ended by signal {} ({})", result.code, ::strsignal(result.code));
    case End::exited:
      break;
  }
  std::string reason = last_line(result.err);
  if (reason.empty()) {
    reason = last_line(result.out);
  }
  if (!reason.empty()) {
    return reason;
  }
  return result.code == 0 ? "the worker's shell did not run the script" : fmt::format("exit status {}", result.code);
}

}  // namespace torc::remote
