#include "remote/ssh/refused_connection.hpp"

#include <string_view>

#include "remote/ssh/ssh_messages.hpp"
#include "torc/base/backoff.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

/// ssh's exit code for its own failures.
constexpr int k_ssh_failed = 255;
constexpr std::chrono::milliseconds k_first_pause{500};

/// Removes OpenSSH's name of the first step of a connection, the exchange of versions; "" if the line has another
/// prefix.
std::string_view without_step(std::string_view line) {
  for (const std::string_view step : {"kex_exchange_identification: ", "ssh_exchange_identification: "}) {
    if (line.starts_with(step)) {
      return line.substr(step.size());
    }
  }
  return {};
}

bool says_refused(std::string_view line) {
  if (line.starts_with("banner exchange: Connection to ")) {
    return line.ends_with(": Broken pipe") || line.ends_with(": Connection reset by peer");
  }
  const auto said = without_step(line);
  return said.starts_with("Connection closed by remote host") || said.ends_with("Connection reset by peer") ||
         said.ends_with("Not allowed at this time") || said.ends_with("Exceeded MaxStartups");
}

/// Lines that ssh and scp add to a refusal: "Connection closed by 10.0.0.2 port 22", "scp: Connection closed".
bool goes_with_refusal(std::string_view line) {
  return line.starts_with("Connection closed by ") || line.starts_with("Connection reset by ") ||
         line.ends_with("scp: Connection closed") || line == "lost connection" || line == "Not allowed at this time" ||
         line == "Exceeded MaxStartups";
}

}  // namespace

bool is_refused_connection(const proc::CommandResult& result) {
  // Only the scp of older OpenSSH versions exits with another code; it is not retried.
  if (result.end != proc::CommandResult::End::exited || result.code != k_ssh_failed || !result.out.empty()) {
    return false;
  }
  bool refused = false;
  for (const auto& each : base::split_lines(result.err)) {
    const auto line = base::trim(each);
    if (says_refused(line)) {
      refused = true;
    } else if (!is_ssh_noise(line) && !goes_with_refusal(line)) {
      return false;
    }
  }
  return refused;
}

std::chrono::milliseconds refusal_pause(int refusals, double jitter) {
  // The maximum is never reached, since the number of retries is limited.
  return base::growing_pause(refusals, k_first_pause, std::chrono::seconds(32), jitter);
}

}  // namespace torc::remote
