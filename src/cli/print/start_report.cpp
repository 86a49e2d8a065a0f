#include "cli/print/start_report.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/print/fleet_report.hpp"
#include "torc/base/strings.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

using remote::Check;

bool is_loopback(const std::string& address) {
  const auto host = address.substr(address.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

/// The message for a worker that failed its check, after "NAME: ".
std::string check_line(const remote::Worker& worker, const Check& check) {
  if (check.problem == Check::Problem::unreachable) {
    return fmt::format("SSH connection failed to {}: {}", worker.name, check.message);
  }
  if (check.problem == Check::Problem::canceled) {
    return "canceled";
  }
  return check.message;
}

std::vector<std::string> lines_of(const app::Outcomes<remote::StartResult>& outcomes, Check::Problem problem) {
  std::vector<std::string> lines;
  for (const auto& [worker, result] : outcomes) {
    if (result.check.problem == problem) {
      lines.push_back(worker.name + ": " + check_line(worker, result.check));
    }
  }
  return lines;
}

}  // namespace

std::string server_address(const std::string& url) {
  const auto host = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  const auto end = url.find('/', host);
  const std::string authority = url.substr(host, end == std::string::npos ? end : end - host);
  const auto at = authority.rfind('@');
  return url.substr(0, host) + (at == std::string::npos ? authority : authority.substr(at + 1));
}

std::string start_line(const remote::Worker& worker, const remote::StartResult& result) {
  if (!result.tried) {
    const bool unreachable = result.check.problem == remote::Check::Problem::unreachable;
    const std::string what = unreachable ? fmt::format("SSH connection failed to {}: ", worker.name) : "";
    return fmt::format("  [FAILED] {}: {}{}", worker.name, what, result.check.message);
  }
  if (!result.start.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, result.start.message);
  }
  const char* what = result.start.already_running ? "Already running" : "Started";
  return fmt::format("  [OK] {}: {} (PID {})", worker.name, what, result.start.pid.value_or(0));
}

nlohmann::json start_json(const remote::Worker& worker, const remote::StartResult& result) {
  auto json = worker_json(worker, result.start.ok);
  if (result.start.ok) {
    json["state"] = remote::to_string(remote::State::running);
    json["pid"] = result.start.pid.value_or(0);
    json["already_running"] = result.start.already_running;
  } else if (result.tried) {
    json["state"] = remote::to_string(remote::State::died);
    json["message"] = result.start.message;
  } else {
    if (result.check.problem == remote::Check::Problem::unreachable) {
      json["state"] = remote::to_string(remote::State::unreachable);
    }
    json["message"] =
        result.check.ok() ? "not started because other workers failed their checks" : result.check.message;
  }
  return json;
}

std::string start_problems(const app::Outcomes<remote::StartResult>& outcomes, const std::string& server_url) {
  std::vector<std::string> parts;
  const auto add = [&](Check::Problem problem, const auto& heading) {
    if (const auto lines = lines_of(outcomes, problem); !lines.empty()) {
      parts.push_back(problem_list(heading(lines.size()), lines));
    }
  };
  const std::string server = server_address(server_url);
  if (const auto lines = lines_of(outcomes, Check::Problem::unreachable); !lines.empty()) {
    parts.push_back(connectivity_problem(lines));
  }
  add(Check::Problem::install,
      [](std::size_t count) { return fmt::format("torc could not be installed on {} worker(s):", count); });
  add(Check::Problem::version,
      [](std::size_t count) { return fmt::format("Version check failed on {} worker(s):", count); });
  add(Check::Problem::server,
      [&](std::size_t count) { return fmt::format("{} worker(s) cannot reach the server at {}:", count, server); });
  if (!lines_of(outcomes, Check::Problem::server).empty()) {
    parts.back() += is_loopback(server)
                        ? "\nThe server listens on this machine only. Let the workers reach it through ssh with "
                          "--server-tunnel, or start it with --host and give its address with --url."
                        : "\nCheck that the server listens at that address (--host of 'torc server run'), that the "
                          "address in --url is valid on the workers, and that no firewall blocks the connection.";
  }
  add(Check::Problem::tunnel,
      [](std::size_t count) { return fmt::format("No server tunnel to {} worker(s):", count); });
  add(Check::Problem::output_dir,
      [](std::size_t count) { return fmt::format("Output directory check failed on {} worker(s):", count); });
  return base::join(parts, "\n");
}

}  // namespace torc::cli
