// Theory of operation: the server is polled every second or two, which is cheap and shows the jobs and the runners that
// send heartbeats. The workers are queried over ssh: all of them at intervals and, in between, those whose heartbeats
// have stopped. Threads make these calls (worker_poller.hpp), because an unreachable host answers late or never. Dead
// workers are restarted by the same threads when the restart policy decides so (restart_policy.hpp). Each worker has
// one call at a time, so the result of a restart is known before the next query. The server tunnel, if there is one, is
// monitored in the same loop.

#include "torc/app/fleet/watch_fleet.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/fleet/restart_policy.hpp"
#include "app/fleet/worker_poller.hpp"
#include "app/tunnel/tunnel_restarter.hpp"
#include "torc/app/fleet/start_settings.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/app/reporter.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"
#include "torc/app/workflows/requeue_jobs.hpp"
#include "torc/base/error.hpp"
#include "torc/base/sleep.hpp"
#include "torc/base/units.hpp"

namespace torc::app {
namespace {

using Clock = std::chrono::steady_clock;
using remote::State;

constexpr std::chrono::milliseconds k_shortest_pause{100};
constexpr std::chrono::milliseconds k_longest_pause{2'000};
/// How long to wait for a server that does not answer; the same as the default of runners.
constexpr std::chrono::minutes k_server_timeout{20};
/// A runner may register some time after its start, so only a longer absence of runners counts.
constexpr std::chrono::seconds k_longest_absence{10};

/// The state of a worker for the user.
WatchedWorker watched(const remote::Worker& worker, const PolledWorker& polled, const RestartPolicy& policy) {
  WatchedWorker seen{.name = worker.name, .stored = worker.stored, .host = worker.address.host};
  seen.restarts = policy.restarts();
  seen.restart_message = policy.message();
  if (polled.state) {
    seen.state = remote::to_string(polled.state->state);
    seen.pid = polled.state->pid;
    seen.load = polled.state->load;
    seen.message = polled.state->message;
  }
  if (polled.node) {
    const auto& node = polled.node->node;
    seen.running_jobs = polled.node->running_jobs;
    if (node.is_active.value_or(false) && node.last_heartbeat) {
      seen.heard_ago =
          std::chrono::milliseconds(std::max<std::int64_t>(0, base::unix_millis_now() - *node.last_heartbeat));
    }
    if (polled.seems_gone()) {
      // Whether the runner still runs is known only after another query.
      const bool is_known = !polled.is_inactive() || polled.answered_since_inactive;
      seen.state = is_known ? "silent" : "ending";
    }
  }
  return seen;
}

class FleetWatch {
 public:
  FleetWatch(client::Api& api, const Fleet& fleet, const WatchRequest& request, const remote::SshOptions& ssh,
             const ServerAccess& server, Reporter& reporter, std::stop_token stop)
      : m_api(api),
        m_fleet(fleet),
        m_request(request),
        m_ssh(ssh),
        m_server(server),
        m_reporter(reporter),
        m_stop(std::move(stop)),
        m_workflow(workflow_ref(api, fleet.workflow_id)),
        m_transport(ssh, m_quit.get_token()),
        m_restarts(fleet.workers.size(), Restarts{.policy = RestartPolicy(request.restarts)}),
        m_tunnel(m_workflow, fleet.workers, ssh, server, request.restarts.restart, reporter, m_quit.get_token()),
        m_poller(fleet, m_workflow, m_transport, request.interval) {
    for (std::size_t i = 0; i < fleet.workers.size(); ++i) {
      if (const auto known = request.known.find(fleet.workers[i].stored); known != request.known.end()) {
        m_poller.set_just_started(i, known->second);
      }
    }
    if (request.restarts.restart) {
      m_settings = start_settings(m_workflow, ssh, server);
      m_settings.again = true;
    }
  }
  FleetWatch(const FleetWatch&) = delete;
  FleetWatch& operator=(const FleetWatch&) = delete;
  /// Cancels the calls in progress.
  ~FleetWatch() { m_quit.request_stop(); }

  WatchOutcome run() {
    const std::stop_callback end_calls(m_stop, [this] { m_quit.request_stop(); });
    while (!m_stop.stop_requested()) {
      const bool is_over = poll();
      record_restarts();
      if (is_over) {
        return m_outcome;
      }
      // The interval grows with time: the end of a short run is seen soon, and a long run costs the server little.
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_began_at);
      base::sleep_unless_stopped(Clock::now() + std::clamp(elapsed / 20, k_shortest_pause, k_longest_pause), m_stop);
    }
    m_outcome.end = WatchOutcome::End::interrupted;
    return m_outcome;
  }

 private:
  struct Restarts {
    RestartPolicy policy;
    /// The compute nodes of the worker's runners that are known to be dead, before the server considers them lost.
    std::vector<model::ComputeNode> dead_nodes{};
    /// The jobs of `dead_nodes` must be requeued: the next runner has delivered the results that they left, or none was
    /// started.
    bool requeues{false};
  };

  /// @returns whether the watch has ended
  bool poll() {
    try {
      const bool is_over = poll_server();
      m_away_since.reset();
      take_answers();
      if (m_request.restarts.restart && !is_over) {
        restart_dead();
      }
      m_poller.poll();
      poll_tunnel();
      report_snapshot();
      return is_over;
    } catch (const base::ApiError& error) {
      const auto now = Clock::now();
      if (!m_away_since) {
        m_away_since = now;
        m_reporter.report(ServerAway{.reason = error.what()});
      }
      if (!base::is_outage(error) || now - *m_away_since > k_server_timeout) {
        throw;
      }
      return false;
    }
  }

  bool poll_server() {
    const auto completion = m_api.is_workflow_complete(m_fleet.workflow_id);
    m_outcome.jobs = count_jobs(m_api, m_fleet.workflow_id);
    m_poller.set_nodes(latest_worker_nodes(m_api, m_fleet.workflow_id));
    if (completion.is_canceled || completion.is_complete) {
      m_outcome.end = completion.is_canceled ? WatchOutcome::End::canceled : WatchOutcome::End::complete;
      return true;
    }
    return is_abandoned();
  }

  bool is_abandoned() {
    client::ComputeNodeFilter active;
    active.is_active = true;
    active.paging.limit = 1;
    const auto now = Clock::now();
    if (m_api.list_compute_nodes(m_fleet.workflow_id, active).total_count > 0 || any_may_restart()) {
      m_runner_seen_at = now;
    }
    m_outcome.end = WatchOutcome::End::no_workers;
    return now - m_runner_seen_at >= k_longest_absence;
  }

  bool any_may_restart() const {
    for (std::size_t i = 0; i < m_restarts.size(); ++i) {
      if (m_restarts[i].policy.may_restart(m_poller.worker(i).state, m_poller.worker(i).node.has_value())) {
        return true;
      }
    }
    return false;
  }

  void take_answers() {
    const auto answers = m_poller.take_answers();
    for (const std::size_t i : answers.states) {
      if (m_poller.worker(i).state->state == State::running) {
        m_restarts[i].policy.record_running();
      }
    }
    for (const auto& [i, result] : answers.starts) {
      record_start(i, result);
    }
  }

  /// Carries out the decisions of the restart policies.
  void restart_dead() {
    using Step = RestartPolicy::Step;
    for (std::size_t i = 0; i < m_restarts.size(); ++i) {
      Restarts& restarts = m_restarts[i];
      if (restarts.requeues) {
        requeue_jobs(m_api, m_fleet.workflow_id, restarts.dead_nodes);
        restarts.requeues = false;
      }
      if (m_poller.is_busy(i)) {
        continue;
      }
      const auto& polled = m_poller.worker(i);
      switch (restarts.policy.next(polled.state, polled.answered_at, Clock::now())) {
        case Step::none:
          break;
        case Step::query:
          m_poller.query(i);
          break;
        case Step::give_up:
          restarts.dead_nodes = active_nodes(i);
          restarts.policy.give_up(
              fmt::format("died again and is not restarted: {0} of {0} restarts are used (--max-restarts)",
                          m_request.restarts.most));
          report_given_up(i);
          break;
        case Step::start:
          restarts.dead_nodes = active_nodes(i);
          m_poller.start(i, [this, i] { return start_again(m_fleet.workers[i]); });
          break;
      }
    }
  }

  std::vector<model::ComputeNode> active_nodes(std::size_t i) const {
    return active_nodes_of(m_api, m_fleet.workflow_id, m_fleet.workers[i].stored);
  }

  /// Called by the poller's threads.
  remote::StartResult start_again(const remote::Worker& worker) {
    remote::StartSettings settings = m_settings;
    OpenTunnel tunnel;  // Kept open until the worker is started, so that the tunnel does not end.
    if (find_server_tunnel(m_workflow)) {
      try {
        tunnel = open_server_tunnel(m_workflow, {worker}, m_ssh, m_server, m_reporter, m_quit.get_token());
      } catch (const base::Error& error) {
        tunnel.failures.emplace(worker.stored, error.what());
      }
      if (const auto failure = tunnel.failures.find(worker.stored); failure != tunnel.failures.end()) {
        return {.check = {.problem = remote::Check::Problem::tunnel, .message = failure->second}};
      }
      settings.of_worker[worker.stored].server_url = tunnel.urls.at(worker.stored);
    }
    return remote::check_and_start(m_transport, {worker}, settings,
                                   [](const std::vector<remote::Check>& checks) {
                                     return std::vector<char>(1, checks.front().ok() ? 1 : 0);
                                   })
        .front();
  }

  void record_start(std::size_t i, const remote::StartResult& result) {
    using Effect = RestartPolicy::StartEffect;
    Restarts& restarts = m_restarts[i];
    const remote::WorkerState running{.state = State::running, .pid = result.start.pid};
    switch (restarts.policy.record_start(result, Clock::now())) {
      case Effect::none:
        m_poller.set_state(i, {.state = State::unreachable, .message = result.check.message}, /*query_at_once=*/false);
        break;
      case Effect::running:
        m_poller.set_state(i, running, /*query_at_once=*/true);
        break;
      case Effect::restarted:
        restarts.requeues = true;
        m_poller.set_state(i, running, /*query_at_once=*/true);
        m_reporter.report(WorkerRestarted{.worker = m_fleet.workers[i],
                                          .pid = result.start.pid.value_or(0),
                                          .restarts = restarts.policy.restarts(),
                                          .most = m_request.restarts.most,
                                          .pause = restarts.policy.pause()});
        break;
      case Effect::failed:
        restarts.requeues = true;
        m_poller.make_due(i);
        m_reporter.report(RestartFailed{.worker = m_fleet.workers[i], .reason = restarts.policy.message()});
        break;
      case Effect::given_up:
        m_poller.make_due(i);
        report_given_up(i);
        break;
    }
  }

  void report_given_up(std::size_t i) {
    m_restarts[i].requeues = true;
    m_reporter.report(WorkerGivenUp{.worker = m_fleet.workers[i], .reason = m_restarts[i].policy.message()});
  }

  void poll_tunnel() {
    for (std::size_t i = 0; i < m_poller.size(); ++i) {
      const auto& state = m_poller.worker(i).state;
      if (state && state->state == State::running) {
        m_tunnel.poll();
        return;
      }
    }
  }

  void report_snapshot() {
    const auto& jobs = m_outcome.jobs;
    const std::int64_t done = jobs.total - jobs.left();
    if (!m_done_before) {
      m_done_before = done;
    }
    WatchSnapshot snapshot{.workflow_id = m_fleet.workflow_id};
    snapshot.progress = {.total = jobs.total,
                         .done_before = *m_done_before,
                         .done_here = done - *m_done_before,
                         .running = jobs.running,
                         .failed = jobs.failed,
                         .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_began_at)};
    for (std::size_t i = 0; i < m_poller.size(); ++i) {
      snapshot.workers.push_back(watched(m_fleet.workers[i], m_poller.worker(i), m_restarts[i].policy));
    }
    m_reporter.report(snapshot);
  }

  void record_restarts() {
    for (std::size_t i = 0; i < m_restarts.size(); ++i) {
      if (const auto count = m_restarts[i].policy.restarts(); count > 0) {
        m_outcome.restarts[m_fleet.workers[i].stored] = count;
      }
    }
  }

  client::Api& m_api;
  const Fleet& m_fleet;
  const WatchRequest& m_request;
  const remote::SshOptions& m_ssh;
  const ServerAccess& m_server;
  Reporter& m_reporter;
  std::stop_token m_stop;
  std::stop_source m_quit{};  ///< Cancels the calls after a stop request or at the end of the watch.
  remote::WorkflowRef m_workflow;
  remote::SshTransport m_transport;
  std::vector<Restarts> m_restarts;
  remote::StartSettings m_settings{};  ///< Settings for restarts.
  WatchOutcome m_outcome{};
  std::optional<std::int64_t> m_done_before{};
  Clock::time_point m_began_at{Clock::now()};
  Clock::time_point m_runner_seen_at{Clock::now()};  ///< When a runner was last active or could be restarted.
  std::optional<Clock::time_point> m_away_since{};
  TunnelRestarter m_tunnel;
  WorkerPoller m_poller;  ///< Last, so that its threads end before the members that they use are destroyed.
};

}  // namespace

WatchOutcome watch_fleet(client::Api& api, const Fleet& fleet, const WatchRequest& request,
                         const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                         const std::stop_token& stop) {
  return FleetWatch(api, fleet, request, ssh, server, reporter, stop).run();
}

}  // namespace torc::app
