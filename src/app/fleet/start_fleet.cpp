#include "torc/app/fleet/start_fleet.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "torc/app/fleet/add_workers.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/app/reporter.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/error.hpp"

namespace torc::app {
namespace {

using remote::Check;

/// Decides which workers to start, after all have been checked.
class Decision {
 public:
  Decision(client::Api& api, const StartRequest& request, Reporter& reporter, const Fleet& fleet,
           std::set<std::string> stored, std::stop_token stop)
      : m_api(api),
        m_request(request),
        m_reporter(reporter),
        m_fleet(fleet),
        m_stored(std::move(stored)),
        m_stop(std::move(stop)) {}

  std::vector<char> decide(const std::vector<Check>& checks) {
    std::vector<char> go(checks.size(), 0);
    if (!m_request.new_workers.empty()) {
      add_new_workers(checks);
    }
    if (m_stop.stop_requested()) {
      m_refusal = StartOutcome::Refusal::interrupted;
      return go;
    }
    const auto good = static_cast<std::size_t>(
        std::count_if(checks.begin(), checks.end(), [](const auto& check) { return check.ok(); }));
    if (good == 0 || (good < checks.size() && !m_request.keep_going)) {
      m_refusal = StartOutcome::Refusal::problems;
      return go;
    }
    initialize_if_new(m_api, m_request.workflow_id);
    m_reporter.report(WorkersBeingStarted{});
    for (std::size_t i = 0; i < checks.size(); ++i) {
      go[i] = checks[i].ok() ? 1 : 0;
    }
    return go;
  }

  StartOutcome::Refusal refusal() const { return m_refusal; }

 private:
  void add_new_workers(const std::vector<Check>& checks) {
    std::vector<model::RemoteWorker> reachable;
    std::size_t added = 0;
    WorkersChecked checked;
    for (std::size_t i = 0; i < checks.size(); ++i) {
      const auto& worker = m_fleet.workers[i];
      const auto* const entry = entry_of(worker);
      if (entry == nullptr) {
        continue;
      }
      ++checked.total;
      if (checks[i].problem != Check::Problem::unreachable && checks[i].problem != Check::Problem::canceled) {
        ++checked.passed;
        added += m_stored.contains(worker.stored) ? 0 : 1;
        reachable.push_back(stored_form(*entry));
      }
    }
    m_reporter.report(checked);
    if (added != 0) {
      m_reporter.report(WorkersBeingAdded{.count = added});
    }
    if (!reachable.empty()) {
      warn_of_lost_settings(m_api, m_request.new_workers, "; they apply to this start only", m_reporter);
      m_api.create_remote_workers(m_request.workflow_id, reachable);
    }
    m_reporter.report(WorkersFound{.workflow_id = m_request.workflow_id, .count = m_stored.size() + added});
  }

  const model::WorkerEntry* entry_of(const remote::Worker& worker) const {
    const auto found = std::find_if(m_request.new_workers.begin(), m_request.new_workers.end(),
                                    [&](const auto& entry) { return entry.address == worker.address; });
    return found == m_request.new_workers.end() ? nullptr : &*found;
  }

  client::Api& m_api;
  const StartRequest& m_request;
  Reporter& m_reporter;
  const Fleet& m_fleet;
  std::set<std::string> m_stored;
  std::stop_token m_stop;
  StartOutcome::Refusal m_refusal{StartOutcome::Refusal::none};
};

/// Why the installation failed, by `Worker::stored`.
using InstallFailures = std::map<std::string, std::string>;

/// Stores the path of each worker's torc in `settings`, since another version may come first in the worker's PATH, and
/// returns the failures.
InstallFailures failures_of(const Outcomes<remote::InstallResult>& installed, remote::StartSettings& settings) {
  InstallFailures failures;
  for (const auto& [worker, result] : installed) {
    if (result.ok) {
      settings.of_worker[worker.stored].torc = result.path;
    } else if (result.reached && !result.canceled) {
      failures.emplace(worker.stored, result.message);
    }
  }
  return failures;
}

void warn_of_open_server(const client::Connection& connection, Reporter& reporter) {
  if (connection.password.empty() && connection.cookie_header.empty()) {
    reporter.report(
        Warning{"Warning: users of the workers can reach the server through the tunnel, and it does not require a "
                "password; see --auth-file of 'torc server run'"});
  }
}

/// Connects the tunnel to the workers, and stores the server's URL on each worker in `settings`.
OpenTunnel run_tunnel(const Fleet& fleet, const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                      const std::stop_token& stop, remote::StartSettings& settings) {
  warn_of_open_server(server.connection, reporter);
  auto held = open_server_tunnel(settings.workflow, fleet.workers, ssh, server, reporter, stop);
  reporter.report(TunnelUp{.pid = held.pid, .up = held.urls.size(), .workers = fleet.workers.size()});
  for (const auto& [worker, url] : held.urls) {
    settings.of_worker[worker].server_url = url;
  }
  return held;
}

/// If no runner was started, for whatever reason, ends a tunnel that was made for this start only.
class TemporaryTunnel {
 public:
  TemporaryTunnel(const StartRequest& request, Reporter& reporter)
      : m_workflow(request.settings.workflow),
        m_reporter(reporter),
        m_is_needed(!request.server_tunnel || is_running()) {}
  TemporaryTunnel(const TemporaryTunnel&) = delete;
  TemporaryTunnel& operator=(const TemporaryTunnel&) = delete;
  ~TemporaryTunnel() {
    if (m_is_needed) {
      return;
    }
    try {
      m_reporter.report(end_server_tunnel(m_workflow, /*when_idle=*/true));
    } catch (const base::Error&) {
      // The tunnel has ended already.
    }
  }

  void keep_if(bool any_started) { m_is_needed = m_is_needed || any_started; }

 private:
  bool is_running() const {
    const auto tunnel = find_server_tunnel(m_workflow);
    return tunnel && tunnel->state() == remote::TunnelInfo::State::running;
  }

  const remote::WorkflowRef& m_workflow;
  Reporter& m_reporter;
  bool m_is_needed;
};

/// A failure of the tunnel takes precedence over the check of the server, because without the tunnel a worker may reach
/// another server at the same address.
void add_tunnel_failure(Check& check, const remote::Worker& worker, const OpenTunnel& tunnel) {
  const auto failure = tunnel.failures.find(worker.stored);
  if (failure != tunnel.failures.end() && (check.ok() || check.problem == Check::Problem::server)) {
    check.problem = Check::Problem::tunnel;
    check.message = failure->second;
  }
}

/// A failure of the installation takes precedence over a missing torc or a wrong version.
void add_install_failure(Check& check, const remote::Worker& worker, const InstallFailures& failures) {
  const auto failure = failures.find(worker.stored);
  if (failure != failures.end() && check.problem == Check::Problem::version) {
    check.problem = Check::Problem::install;
    check.message = failure->second;
  }
}

/// The workers of the workflow and the new ones; for a worker in both, the settings in the worker file apply.
Fleet fleet_with_new_workers(const StartRequest& request, std::vector<model::RemoteWorker> all) {
  for (const auto& entry : request.new_workers) {
    const auto given = stored_form(entry);
    const auto same = [&](const auto& each) { return each.worker == given.worker; };
    if (const auto known = std::find_if(all.begin(), all.end(), same); known != all.end()) {
      *known = given;
    } else {
      all.push_back(given);
    }
  }
  return {.workflow_id = request.workflow_id,
          .workers = choose_workers(make_workers(all), request.hosts),
          .is_whole = request.hosts.empty()};
}

void report_workers(const StartRequest& request, const Fleet& fleet, Reporter& reporter) {
  if (request.new_workers.empty()) {
    reporter.report(WorkersFound{.workflow_id = request.workflow_id, .count = fleet.workers.size()});
    return;
  }
  const auto is_listed = [&](const auto& worker) {
    return std::any_of(request.new_workers.begin(), request.new_workers.end(),
                       [&](const auto& entry) { return entry.address == worker.address; });
  };
  const auto count = std::count_if(fleet.workers.begin(), fleet.workers.end(), is_listed);
  reporter.report(WorkersBeingChecked{.count = static_cast<std::size_t>(count)});
}

std::vector<Check> with_failures(std::vector<Check> checks, const std::vector<remote::Worker>& workers,
                                 const InstallFailures& failures, const OpenTunnel& tunnel) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    add_install_failure(checks[i], workers[i], failures);
    add_tunnel_failure(checks[i], workers[i], tunnel);
  }
  return checks;
}

}  // namespace

std::size_t StartOutcome::started() const {
  return count_if(workers, [](const auto& result) { return result.start.ok; });
}

StartOutcome start_fleet(client::Api& api, const StartRequest& request, const remote::SshOptions& ssh,
                         const ServerAccess& server, Reporter& reporter, const std::stop_token& stop) {
  std::vector<model::RemoteWorker> all = api.list_remote_workers(request.workflow_id);
  std::set<std::string> stored;
  for (const auto& worker : all) {
    stored.insert(worker.worker);
  }
  const Fleet fleet = fleet_with_new_workers(request, std::move(all));
  StartOutcome outcome;
  if (fleet.workers.empty()) {
    return outcome;
  }
  report_workers(request, fleet, reporter);
  remote::StartSettings settings = request.settings;
  for (const auto& worker : fleet.workers) {
    if (request.start_of && worker.settings != model::WorkerSettings{}) {
      settings.of_worker.emplace(worker.stored, request.start_of(worker.settings));
    }
  }
  InstallFailures failures;
  if (request.install) {
    failures = failures_of(install_torc(settings.workflow, fleet, *request.install, ssh, reporter, stop), settings);
  }
  TemporaryTunnel temporary(request, reporter);
  // Kept open until the workers are started, so that the tunnel does not end meanwhile.
  const auto tunnel = request.server_tunnel ? run_tunnel(fleet, ssh, server, reporter, stop, settings) : OpenTunnel{};
  remote::SshTransport transport(ssh, stop);
  Decision decision(api, request, reporter, fleet, std::move(stored), stop);
  auto results = remote::check_and_start(transport, fleet.workers, settings, [&](const auto& checks) {
    return decision.decide(with_failures(checks, fleet.workers, failures, tunnel));
  });
  for (std::size_t i = 0; i < results.size(); ++i) {
    add_install_failure(results[i].check, fleet.workers[i], failures);
    add_tunnel_failure(results[i].check, fleet.workers[i], tunnel);
  }
  outcome.workers = pair_with_workers(fleet, std::move(results));
  temporary.keep_if(outcome.started() > 0);
  if (request.server_tunnel) {
    outcome.tunnel = find_server_tunnel(settings.workflow);
  } else if (outcome.started() > 0) {
    forget_server_tunnel(settings.workflow);
  }
  outcome.refusal = decision.refusal();
  return outcome;
}

}  // namespace torc::app
