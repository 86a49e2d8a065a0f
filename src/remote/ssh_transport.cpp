#include <algorithm>
#include <filesystem>
#include <utility>

#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// Who interrupts waits no longer for what is put in order.
constexpr std::chrono::milliseconds k_cleanup_limit{10'000};

proc::CommandResult canceled() {
  proc::CommandResult result;
  result.end = proc::CommandResult::End::canceled;
  return result;
}

}  // namespace

SshTransport::SshTransport(SshOptions options, std::stop_token stop)
    : m_options(std::move(options)), m_stop(std::move(stop)) {}

proc::CommandResult SshTransport::run(const model::WorkerAddress& worker, const ScriptCall& call) {
  const bool stopped = m_stop.stop_requested();
  if (stopped && !call.cleans_up) {
    return canceled();
  }
  proc::Command command;
  command.argv = ssh_command(m_options, worker);
  command.input = call.script;
  command.question = call.question;
  command.answer = call.answer;
  command.limit = stopped ? std::min(m_options.script_limit, k_cleanup_limit) : m_options.script_limit;
  command.limit_is_silence = call.limit_is_silence;
  return proc::run_command(command, call.cleans_up ? std::stop_token{} : m_stop);
}

proc::CommandResult SshTransport::fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                                        const std::string& local_path) {
  if (m_stop.stop_requested()) {
    return canceled();
  }
  const std::string absolute = std::filesystem::absolute(local_path).string();
  proc::Command command;
  command.argv = scp_fetch_command(m_options, worker, remote_path, absolute);
  command.limit = m_options.transfer_limit;
  command.progress_file = absolute;
  return proc::run_command(command, m_stop);
}

proc::CommandResult SshTransport::send(const model::WorkerAddress& worker, const std::string& local_path,
                                       const std::string& remote_path) {
  if (m_stop.stop_requested()) {
    return canceled();
  }
  proc::Command command;
  command.argv = scp_send_command(m_options, worker, std::filesystem::absolute(local_path).string(), remote_path);
  command.limit = m_options.transfer_limit;
  command.limit_is_standstill = true;
  return proc::run_command(command, m_stop);
}

}  // namespace torc::remote
