#include <algorithm>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/tunnel.hpp"

namespace torc::remote {
namespace {

constexpr std::chrono::milliseconds k_ask_limit{10'000};

/// Addresses are checked when they are parsed, but an invalid one that another program stored must not reach ssh.
void refuse_invalid(const model::WorkerAddress& worker) {
  const std::string text = model::to_string(worker);
  try {
    if (model::WorkerAddress::parse(text) == worker) {
      return;
    }
  } catch (const base::Error& error) {
    throw base::Error(
        fmt::format("refused to connect: {}; remove this worker with 'torc remote remove-worker', then add it as "
                    "[user@]host[:port]",
                    error.what()));
  }
  throw base::Error(fmt::format("refused to connect to '{}': this address cannot be passed to ssh unambiguously",
                                base::printable(text)));
}

/// Options for both ssh and scp. The user's options are first, since ssh uses the first value of a key.
std::vector<std::string> common_options(const SshOptions& options) {
  std::vector<std::string> words;
  const auto add = [&](const std::string& option) {
    words.emplace_back("-o");
    words.push_back(option);
  };
  for (const auto& option : options.options) {
    add(option);
  }
  add("BatchMode=yes");
  add("ConnectTimeout=30");
  add("StrictHostKeyChecking=accept-new");
  add("ServerAliveInterval=15");
  add("ServerAliveCountMax=3");
  return words;
}

/// Adds the worker, and the shell that reads the script.
void add_destination(std::vector<std::string>& words, const model::WorkerAddress& worker) {
  words.emplace_back("-T");
  if (worker.port) {
    words.emplace_back("-p");
    words.push_back(std::to_string(*worker.port));
  }
  if (!worker.user.empty()) {
    words.emplace_back("-l");
    words.push_back(worker.user);
  }
  words.emplace_back("--");
  words.push_back(worker.host);
  words.emplace_back("exec sh -s");
}

/// The arguments of an scp call before the two paths.
std::vector<std::string> scp_options(const SshOptions& options, const model::WorkerAddress& worker) {
  refuse_invalid(worker);
  std::vector<std::string> words = common_options(options);
  words.insert(words.begin(), options.scp_program);
  // Over sftp, no shell on the worker interprets the path.
  words.emplace_back("-s");
  if (options.ssh_program != "ssh" && options.scp_program == "scp") {
    words.emplace_back("-S");
    words.push_back(options.ssh_program);
  }
  if (worker.port) {
    words.emplace_back("-P");
    words.push_back(std::to_string(*worker.port));
  }
  words.emplace_back("--");
  return words;
}

std::string scp_remote(const model::WorkerAddress& worker, const std::string& path) {
  const std::string host = worker.host.find(':') == std::string::npos ? worker.host : "[" + worker.host + "]";
  return (worker.user.empty() ? "" : worker.user + "@") + host + ":" + path;
}

/// Prevents scp from taking a local name with a colon for a host.
std::string scp_local(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

}  // namespace

std::vector<std::string> ssh_command(const SshOptions& options, const model::WorkerAddress& worker) {
  refuse_invalid(worker);
  std::vector<std::string> words = common_options(options);
  words.insert(words.begin(), options.ssh_program);
  add_destination(words, worker);
  return words;
}

std::optional<std::string> ssh_target(const SshOptions& options, const model::WorkerAddress& worker) {
  refuse_invalid(worker);
  proc::Command ask;
  ask.argv = common_options(options);
  ask.argv.insert(ask.argv.begin(), {options.ssh_program, "-G"});
  add_destination(ask.argv, {.user = worker.user, .host = worker.host, .port = std::nullopt});
  ask.limit = std::min(options.script_limit, k_ask_limit);
  const auto slot = options.slots->take(1, {});
  const auto said = proc::run_command(ask);
  std::string host;
  std::string port;
  for (const auto& line : base::split_lines(said.out)) {
    constexpr std::string_view k_host = "hostname ";
    constexpr std::string_view k_port = "port ";
    if (line.starts_with(k_host)) {
      host = model::host_identity(line.substr(k_host.size()));
    } else if (line.starts_with(k_port)) {
      port = line.substr(k_port.size());
    }
  }
  return said.ok() && !host.empty() && !port.empty() ? std::optional(host + " " + port) : std::nullopt;
}

std::vector<std::string> ssh_tunnel_command(const SshOptions& options, const model::WorkerAddress& worker, int port,
                                            const TunnelTarget& target) {
  refuse_invalid(worker);
  // Before the user's options: a shared master connection would keep the forward when this ssh ends.
  std::vector<std::string> words{options.ssh_program, "-o", "ControlMaster=no",      "-o",
                                 "ControlPath=none",  "-o", "ClearAllForwardings=no"};
  const auto common = common_options(options);
  words.insert(words.end(), common.begin(), common.end());
  words.insert(words.end(),
               {"-o", "ExitOnForwardFailure=yes", "-R", fmt::format("127.0.0.1:{}:{}", port, target.text())});
  add_destination(words, worker);
  return words;
}

std::vector<std::string> scp_fetch_command(const SshOptions& options, const model::WorkerAddress& worker,
                                           const std::string& remote_path, const std::string& local_path) {
  std::vector<std::string> words = scp_options(options, worker);
  words.push_back(scp_remote(worker, remote_path));
  words.push_back(scp_local(local_path));
  return words;
}

std::vector<std::string> scp_send_command(const SshOptions& options, const model::WorkerAddress& worker,
                                          const std::string& local_path, const std::string& remote_path) {
  std::vector<std::string> words = scp_options(options, worker);
  words.push_back(scp_local(local_path));
  words.push_back(scp_remote(worker, remote_path));
  return words;
}

}  // namespace torc::remote
