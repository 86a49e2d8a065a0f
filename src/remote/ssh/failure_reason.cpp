#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "remote/scripts/script.hpp"
#include "remote/ssh/refused_connection.hpp"
#include "remote/ssh/ssh_messages.hpp"
#include "torc/base/strings.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// Removes the address with which ssh prefixes some lines, since callers name the worker: "alice@ws1: Permission denied
/// (...)."
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

/// Whether a line only follows from an earlier, more specific one: ssh prints such a line if a jump host or proxy
/// command failed, scp if ssh failed.
bool follows_from_another(std::string_view line) {
  return line.find("UNKNOWN port 65535") != std::string_view::npos || line.ends_with("scp: Connection closed") ||
         line.starts_with("kex_exchange_identification: ");
}

/// The last informative line.
std::string last_line(const std::string& text) {
  const auto lines = base::split_lines(text);
  std::string consequence;
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    const auto line = base::trim(*it);
    if (is_ssh_noise(line)) {
      continue;
    }
    if (!follows_from_another(line)) {
      return without_address(shown(line));
    }
    if (consequence.empty()) {
      consequence = shown(line);
    }
  }
  return consequence;
}

}  // namespace

bool is_ssh_noise(std::string_view line) {
  return line.empty() || line.starts_with("Warning: Permanently added") || line.starts_with("** ") ||
         line.starts_with("debug");
}

std::string failure_reason(const proc::CommandResult& result) {
  using End = proc::CommandResult::End;
  switch (result.end) {
    case End::timed_out: {
      // The last message of ssh or the script may explain why it hung.
      const std::string said = last_line(result.err);
      return said.empty() ? "timed out" : "timed out (" + said + ")";
    }
    case End::canceled:
      return "canceled";
    case End::flooded:
      return "the worker sent too much output; a start file of its shell may print endlessly";
    case End::not_started:
      return base::printable(result.err);
    case End::signaled:
      return fmt::format("ssh was ended by signal {} ({})", result.code, ::strsignal(result.code));
    case End::exited:
      break;
  }
  if (is_refused_connection(result)) {
    return "sshd closed the connection before the login, probably because of too many simultaneous connections "
           "(MaxStartups): see --connect-delay and --max-parallel-ssh";
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
