#include "cli/remote_run.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

using remote::Check;

bool is_loopback(const std::string& address) {
  const auto host = address.substr(address.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

/// What is said about a worker that failed its check, after "NAME: ".
std::string check_line(const remote::Worker& worker, const Check& check) {
  if (check.problem == Check::Problem::unreachable) {
    return fmt::format("SSH connection failed to {}: {}", worker.name, check.message);
  }
  if (check.problem == Check::Problem::canceled) {
    return "canceled";
  }
  return check.message;
}

/// The decision about what to start, made when every worker was looked at.
class Decision {
 public:
  Decision(const RemoteRun& run, Services& services, const std::vector<remote::Worker>& workers,
           std::set<std::string> stored)
      : m_run(run),
        m_services(services),
        m_output(services.output()),
        m_workers(workers),
        m_stored(std::move(stored)),
        m_stop(services.stop_on_signal()) {}

  std::vector<char> decide(const std::vector<Check>& checks) {
    std::vector<char> go(checks.size(), 0);
    if (!m_run.new_workers.empty()) {
      add_new_workers(checks);
    }
    if (m_stop.stop_requested()) {
      m_error = "interrupted; nothing was started";
      return go;
    }
    const std::string problems = describe_problems(checks);
    const auto good = std::count_if(checks.begin(), checks.end(), [](const auto& check) { return check.ok(); });
    if (good == 0 || (!problems.empty() && !m_run.keep_going)) {
      m_error = problems;
      return go;
    }
    app::initialize_if_new(m_services.api(), m_run.workflow_id);
    m_output.line("Starting workers...");
    for (std::size_t i = 0; i < checks.size(); ++i) {
      go[i] = checks[i].ok() ? 1 : 0;
    }
    return go;
  }

  const std::string& error() const { return m_error; }

 private:
  void add_new_workers(const std::vector<Check>& checks) {
    std::vector<model::RemoteWorker> reachable;
    std::size_t added = 0;
    std::size_t tried = 0;
    std::size_t passed = 0;
    for (std::size_t i = 0; i < checks.size(); ++i) {
      const auto* const entry = entry_of(m_workers[i]);
      if (entry == nullptr) {
        continue;
      }
      ++tried;
      if (checks[i].problem != Check::Problem::unreachable && checks[i].problem != Check::Problem::canceled) {
        ++passed;
        added += m_stored.contains(m_workers[i].stored) ? 0 : 1;
        reachable.push_back(stored_form(*entry));
      }
    }
    m_output.line(fmt::format("{}/{} workers passed SSH check", passed, tried));
    if (added != 0) {
      m_output.line(fmt::format("Adding {} worker(s) to database...", added));
    }
    if (!reachable.empty()) {
      note_lost_settings(m_run.new_workers, m_services, "; it holds for this start");
      m_services.api().create_remote_workers(m_run.workflow_id, reachable);
    }
    m_output.line(fmt::format("Found {} worker(s) for workflow {}", m_stored.size() + added, m_run.workflow_id));
  }

  const model::WorkerEntry* entry_of(const remote::Worker& worker) const {
    const auto found = std::find_if(m_run.new_workers.begin(), m_run.new_workers.end(),
                                    [&](const auto& entry) { return entry.address == worker.address; });
    return found == m_run.new_workers.end() ? nullptr : &*found;
  }

  std::vector<std::string> lines_of(const std::vector<Check>& checks, Check::Problem problem) const {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < checks.size(); ++i) {
      if (checks[i].problem == problem) {
        lines.push_back(m_workers[i].name + ": " + check_line(m_workers[i], checks[i]));
      }
    }
    return lines;
  }

  /// All that is wrong, kind by kind; "" where nothing is.
  std::string describe_problems(const std::vector<Check>& checks) const {
    std::vector<std::string> parts;
    const auto add = [&](Check::Problem problem, const auto& heading) {
      if (const auto lines = lines_of(checks, problem); !lines.empty()) {
        parts.push_back(problem_list(heading(lines.size()), lines));
      }
    };
    const std::string server = server_address(m_services.api_url());
    add(Check::Problem::unreachable,
        [](std::size_t count) { return fmt::format("SSH connectivity check failed for {} worker(s):", count); });
    add(Check::Problem::install,
        [](std::size_t count) { return fmt::format("torc could not be installed on {} worker(s):", count); });
    add(Check::Problem::version,
        [](std::size_t count) { return fmt::format("Version check failed on {} worker(s):", count); });
    add(Check::Problem::server,
        [&](std::size_t count) { return fmt::format("{} worker(s) cannot reach the server at {}:", count, server); });
    if (!lines_of(checks, Check::Problem::server).empty()) {
      parts.back() += is_loopback(server)
                          ? "\nThe server listens on this machine only. Let the workers reach it through ssh with "
                            "--server-tunnel; or start it with --host, and give its address with --url."
                          : "\nCheck that the server listens there (--host of 'torc server run'), that --url is its "
                            "address as the workers know it, and that no firewall is between.";
    }
    add(Check::Problem::tunnel,
        [](std::size_t count) { return fmt::format("No server tunnel to {} worker(s):", count); });
    add(Check::Problem::output_dir,
        [](std::size_t count) { return fmt::format("Output directory check failed on {} worker(s):", count); });
    return base::join(parts, "\n");
  }

  const RemoteRun& m_run;
  Services& m_services;
  const Output& m_output;
  const std::vector<remote::Worker>& m_workers;
  std::set<std::string> m_stored;
  std::stop_token m_stop;
  std::string m_error;
};

/// Why the installation failed, by `Worker::stored`.
using InstallFailures = std::map<std::string, std::string>;

/// Copies torc to the workers that lack it, and notes in `settings` where each one's is: another version may stand in
/// front of it in its PATH.
InstallFailures install_first(const RemoteRun& run, Services& services, const std::vector<remote::Worker>& workers,
                              remote::StartSettings& settings) {
  InstallFailures failures;
  const auto installed = install_torc(*run.install, workers, run.ssh, services);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (installed[i].ok) {
      settings.of_worker[workers[i].stored].torc = installed[i].path;
    } else if (installed[i].reached && !installed[i].canceled) {
      failures.emplace(workers[i].stored, installed[i].message);
    }
  }
  return failures;
}

void warn_of_open_server(Services& services) {
  const auto& connection = services.options().connection;
  if (connection.password.empty() && connection.cookie_header.empty()) {
    services.output().note(
        "Warning: users of the workers can reach the server through the tunnel, and it asks for no password; see "
        "--auth-file of 'torc server run'");
  }
}

/// Has the tunnel lead to the workers, and notes in `settings` what the server's address is on each.
HeldTunnel hold_tunnel(const RemoteRun& run, Services& services, const std::vector<remote::Worker>& workers,
                       remote::StartSettings& settings) {
  warn_of_open_server(services);
  auto held = hold_server_tunnel(run.settings.workflow, workers, run.ssh, services, services.stop_on_signal());
  services.output().line(
      fmt::format("Server tunnel stands for {}/{} worker(s) (PID {})", held.urls.size(), workers.size(), held.pid));
  for (const auto& [worker, url] : held.urls) {
    settings.of_worker[worker].server_url = url;
  }
  return held;
}

/// Lets a tunnel end that was made for this start alone, where no runner was started, however that came.
class TunnelKeeper {
 public:
  TunnelKeeper(const RemoteRun& run, const Output& output)
      : m_run(run), m_output(output), m_is_needed(!run.server_tunnel || is_running()) {}
  TunnelKeeper(const TunnelKeeper&) = delete;
  TunnelKeeper& operator=(const TunnelKeeper&) = delete;
  ~TunnelKeeper() {
    if (m_is_needed) {
      return;
    }
    try {
      end_server_tunnel(m_run.settings.workflow, /*when_idle=*/true, m_output);
    } catch (const base::Error&) {
      // It is gone already.
    }
  }

  void note_started(bool any) { m_is_needed = m_is_needed || any; }

 private:
  bool is_running() const {
    const auto tunnel = find_server_tunnel(m_run.settings.workflow);
    return tunnel && tunnel->state() == remote::TunnelNote::State::running;
  }

  const RemoteRun& m_run;
  const Output& m_output;
  bool m_is_needed;
};

/// Without its tunnel a worker may reach another server at the same address, so what it says of that counts for
/// nothing.
void note_missing_tunnel(Check& check, const remote::Worker& worker, const HeldTunnel& tunnel) {
  const auto failure = tunnel.failures.find(worker.stored);
  if (failure != tunnel.failures.end() && (check.ok() || check.problem == Check::Problem::server)) {
    check.problem = Check::Problem::tunnel;
    check.message = failure->second;
  }
}

/// What kept torc from being installed says more than that there is none.
void note_failure(Check& check, const remote::Worker& worker, const InstallFailures& failures) {
  const auto failure = failures.find(worker.stored);
  if (failure != failures.end() && check.problem == Check::Problem::version) {
    check.problem = Check::Problem::install;
    check.message = failure->second;
  }
}

std::vector<Check> with_failures(std::vector<Check> checks, const std::vector<remote::Worker>& workers,
                                 const InstallFailures& failures, const HeldTunnel& tunnel) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    note_failure(checks[i], workers[i], failures);
    note_missing_tunnel(checks[i], workers[i], tunnel);
  }
  return checks;
}

}  // namespace

std::string server_address(const std::string& url) {
  const auto host = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  const auto end = url.find('/', host);
  const std::string authority = url.substr(host, end == std::string::npos ? end : end - host);
  const auto at = authority.rfind('@');
  return url.substr(0, host) + (at == std::string::npos ? authority : authority.substr(at + 1));
}

std::size_t RemoteRunResult::started() const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [](const auto& result) { return result.start.ok; }));
}

RemoteRunResult run_remotely(const RemoteRun& run, Services& services) {
  const Output& output = services.output();
  std::vector<model::RemoteWorker> all = services.api().list_remote_workers(run.workflow_id);
  std::set<std::string> stored;
  for (const auto& worker : all) {
    stored.insert(worker.worker);
  }
  for (const auto& entry : run.new_workers) {
    const auto given = stored_form(entry);
    const auto same = [&](const auto& each) { return each.worker == given.worker; };
    if (const auto known = std::find_if(all.begin(), all.end(), same); known != all.end()) {
      *known = given;
    } else {
      all.push_back(given);
    }
  }
  RemoteRunResult result;
  result.workers = choose_workers(make_workers(all), run.ssh.hosts);
  if (result.workers.empty()) {
    return result;
  }
  if (run.new_workers.empty()) {
    output.line(fmt::format("Found {} worker(s) for workflow {}", result.workers.size(), run.workflow_id));
  } else {
    const auto is_listed = [&](const auto& each) {
      return std::any_of(run.new_workers.begin(), run.new_workers.end(),
                         [&](const auto& entry) { return entry.address == each.address; });
    };
    output.line(fmt::format("Checking SSH connectivity for {} worker(s)...",
                            std::count_if(result.workers.begin(), result.workers.end(), is_listed)));
  }
  remote::StartSettings settings = run.settings;
  for (const auto& worker : result.workers) {
    if (run.start_of && worker.settings != model::WorkerSettings{}) {
      settings.of_worker.emplace(worker.stored, run.start_of(worker.settings));
    }
  }
  const auto failures = run.install ? install_first(run, services, result.workers, settings) : InstallFailures{};
  TunnelKeeper keeper(run, output);
  // Held until the workers are started: the tunnel is not to end meanwhile.
  const auto tunnel = run.server_tunnel ? hold_tunnel(run, services, result.workers, settings) : HeldTunnel{};
  auto transport = make_transport(run.ssh, services);
  Decision decision(run, services, result.workers, std::move(stored));
  result.results = remote::check_and_start(
      transport, result.workers, settings, run.ssh.max_parallel,
      [&](const auto& checks) { return decision.decide(with_failures(checks, result.workers, failures, tunnel)); });
  for (std::size_t i = 0; i < result.results.size(); ++i) {
    note_failure(result.results[i].check, result.workers[i], failures);
    note_missing_tunnel(result.results[i].check, result.workers[i], tunnel);
  }
  keeper.note_started(result.started() > 0);
  if (run.server_tunnel) {
    result.tunnel = find_server_tunnel(run.settings.workflow);
  } else if (result.started() > 0) {
    forget_server_tunnel(run.settings.workflow);
  }
  result.error = decision.error();
  return result;
}

}  // namespace torc::cli
