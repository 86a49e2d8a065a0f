#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "remote/ssh/refused_connection.hpp"
#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/sleep.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// Limit for cleanup scripts after an interrupt.
constexpr std::chrono::milliseconds k_cleanup_limit{10'000};
/// A call with less time left is not retried.
constexpr std::chrono::milliseconds k_least_time{1'000};

proc::CommandResult canceled() {
  proc::CommandResult result;
  result.end = proc::CommandResult::End::canceled;
  return result;
}

std::chrono::milliseconds longest_transfer(const SshOptions& options, std::int64_t size) {
  return options.longest + std::chrono::seconds(size / k_least_transfer_rate);
}

/// Makes a command's argument list.
/// @returns std::nullopt if the worker's address is not valid; then `result` has the reason
template <typename Make>
std::optional<std::vector<std::string>> words_or_reason(proc::CommandResult& result, Make&& make) {
  try {
    return make();
  } catch (const base::Error& error) {
    result.err = error.what();
    return std::nullopt;
  }
}

}  // namespace

SshTransport::SshTransport(SshOptions options, std::stop_token stop)
    : m_options(std::move(options)), m_stop(std::move(stop)) {}

std::unique_ptr<Transport> SshTransport::reserve(std::size_t count) {
  auto reserved = std::make_unique<SshTransport>(m_options, m_stop);
  // After a stop request nothing is reserved: all calls are canceled.
  if (auto slots = m_options.slots->take(count, m_stop)) {
    reserved->m_options.slots = std::make_shared<SshSlots>(slots.count());
    reserved->m_reserved = std::move(slots);
  }
  return reserved;
}

proc::CommandResult SshTransport::connect(proc::Command command, const std::stop_token& is_stopped_by) {
  bool asked = false;
  if (command.answer) {
    command.answer = [&asked, answer = std::move(command.answer)](std::string_view output) {
      asked = true;
      return answer(output);
    };
  }
  const auto slot = m_options.slots->take(1, is_stopped_by);
  if (!slot) {
    return canceled();
  }
  std::optional<std::chrono::steady_clock::time_point> deadline;
  proc::CommandResult result;
  for (int refusals = 1;; ++refusals) {
    if (!m_options.pace->wait(m_options.connect_delay, is_stopped_by)) {
      return canceled();
    }
    const auto now = std::chrono::steady_clock::now();
    if (!deadline) {
      deadline = now + command.limit;
    }
    if (refusals > 1 && now + k_least_time >= *deadline) {
      return result;  // Waiting for the turns of other connections took too long.
    }
    command.limit = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - now);
    result = proc::run_command(command, is_stopped_by);
    // A question shows that the script has run.
    if (asked || refusals >= k_max_refusals || !is_refused_connection(result)) {
      return result;
    }
    const auto again = std::chrono::steady_clock::now() + refusal_pause(refusals, base::random_jitter());
    if (again + m_options.connect_delay + k_least_time >= *deadline) {
      return result;
    }
    if (!base::sleep_unless_stopped(again, is_stopped_by)) {
      return canceled();
    }
  }
}

proc::CommandResult SshTransport::run(const model::WorkerAddress& worker, const ScriptCall& call) {
  const bool stopped = m_stop.stop_requested();
  if (stopped && !call.cleans_up) {
    return canceled();
  }
  proc::CommandResult refused;
  auto words = words_or_reason(refused, [&] { return ssh_command(m_options, worker); });
  if (!words) {
    return refused;
  }
  proc::Command command;
  command.argv = std::move(*words);
  command.input = call.script;
  command.question = call.question;
  command.answer = call.answer;
  command.limit = stopped ? std::min(m_options.script_limit, k_cleanup_limit) : m_options.script_limit;
  command.output_limit = call.output_limit;
  command.flood_is_failure = true;
  if (call.reports_progress) {
    command.progress_mark = k_progress_mark;
    command.longest = m_options.longest;
  }
  return connect(std::move(command), call.cleans_up ? std::stop_token{} : m_stop);
}

proc::CommandResult SshTransport::fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                                        const std::string& local_path, std::int64_t size) {
  if (m_stop.stop_requested()) {
    return canceled();
  }
  const std::string absolute = std::filesystem::absolute(local_path).string();
  proc::CommandResult refused;
  auto words = words_or_reason(refused, [&] { return scp_fetch_command(m_options, worker, remote_path, absolute); });
  if (!words) {
    return refused;
  }
  proc::Command command;
  command.argv = std::move(*words);
  command.limit = m_options.transfer_limit;
  command.progress_file = absolute;
  command.progress_file_limit = size;
  command.longest = longest_transfer(m_options, size);
  command.output_limit = k_small_output;
  command.flood_is_failure = true;
  return connect(std::move(command), m_stop);
}

proc::CommandResult SshTransport::send(const model::WorkerAddress& worker, const std::string& local_path,
                                       const std::string& remote_path) {
  if (m_stop.stop_requested()) {
    return canceled();
  }
  proc::CommandResult refused;
  auto words = words_or_reason(refused, [&] {
    return scp_send_command(m_options, worker, std::filesystem::absolute(local_path).string(), remote_path);
  });
  if (!words) {
    return refused;
  }
  proc::Command command;
  command.argv = std::move(*words);
  command.limit = m_options.transfer_limit;
  command.limit_is_standstill = true;
  std::error_code unknown;
  const auto size = std::filesystem::file_size(local_path, unknown);
  command.longest = longest_transfer(m_options, unknown ? 0 : static_cast<std::int64_t>(size));
  command.output_limit = k_small_output;
  command.flood_is_failure = true;
  return connect(std::move(command), m_stop);
}

}  // namespace torc::remote
