// Theory of operation: the server is asked every second or two, which costs it little and tells of jobs and of runners
// that report to it. The workers themselves are asked over ssh, all of them at intervals and, in between, those that
// the server no longer hears of; threads of their own do that, as a host that is down takes its time to say so. What
// was found dead is started again over the same threads, and no sooner than the pause after the start before allows.
// Each worker has one call at a time, so whatever becomes of a start is known before it is asked again. The tunnel
// through which workers reach the server, where there is one, is looked after likewise.

#include "cli/watch_workers.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include <fmt/format.h>

#include "cli/options/start_settings.hpp"
#include "cli/server_tunnel.hpp"
#include "cli/tunnel_attendant.hpp"
#include "torc/app/fleet/worker_calls.hpp"
#include "torc/app/fleet/worker_nodes.hpp"
#include "torc/app/workflows/give_back_jobs.hpp"
#include "torc/base/units.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

using Clock = std::chrono::steady_clock;
using remote::State;

constexpr std::chrono::milliseconds k_shortest_pause{100};
constexpr std::chrono::milliseconds k_longest_pause{2'000};
/// A server that is away is waited for, as runners do that were told nothing else.
constexpr std::chrono::minutes k_server_patience{20};
/// A runner may register some time after its start: only a longer lack of runners counts.
constexpr std::chrono::seconds k_lack{10};
/// Workers that have just been started are left alone so long: a short run ends without another connection.
constexpr std::chrono::seconds k_first_question{5};
/// A worker whose runner seems gone is not asked more often, and one that was found dead so long ago is asked once more
/// before it is started again.
constexpr std::chrono::seconds k_ask_again{5};
/// So often a dead worker is asked whether its jobs have ended.
constexpr std::chrono::milliseconds k_until_ended{300};
constexpr double k_longest_restart_pause_seconds = 600;

class Watching {
 public:
  Watching(Services& services, const WatchRequest& request)
      : m_services(services),
        m_output(services.output()),
        m_api(services.api()),
        m_request(request),
        m_stop(services.stop_on_signal()),
        m_workers(stored_workers(m_api, request.workflow_id, request.ssh.hosts)),
        m_transport(make_ssh_options(request.ssh), m_quit.get_token()),
        m_view(m_output, request.target),
        m_slots(m_workers.size()),
        m_workflow(workflow_ref(m_api, request.workflow_id)),
        m_attendant(m_workflow, m_workers, request.ssh, request.restarts.restart, services, m_quit.get_token()),
        m_calls(request.ssh.max_parallel) {
    for (std::size_t i = 0; i < m_workers.size(); ++i) {
      if (const auto known = request.known.find(m_workers[i].stored); known != request.known.end()) {
        m_slots[i].state = known->second;
        m_slots[i].asked_at = m_began_at - std::max(m_request.interval - k_first_question, std::chrono::seconds(0));
      }
    }
    if (request.restarts.restart) {
      m_settings = start_settings(request.workflow_id, request.ssh, services);
      m_settings.again = true;
    }
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  /// Nobody waits for the calls under way.
  ~Watching() { m_quit.request_stop(); }

  WatchResult run() {
    const std::stop_callback end_calls(m_stop, [this] { m_quit.request_stop(); });
    while (!m_stop.stop_requested()) {
      const bool is_over = look();
      note_restarts_in_result();
      if (is_over) {
        return m_result;
      }
      // The end of a short run is seen soon, a long one costs the server little.
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_began_at);
      sleep(std::clamp(elapsed / 20, k_shortest_pause, k_longest_pause));
    }
    m_result.end = WatchResult::End::interrupted;
    return m_result;
  }

 private:
  /// What is known of one worker.
  struct Slot {
    std::optional<remote::WorkerState> state{};  ///< As it said itself.
    std::optional<app::WorkerNode> node{};       ///< As the server has it.
    Clock::time_point asked_at{};
    Clock::time_point answered_at{};
    bool asked_inactive{false};        ///< The server had given it up when it was asked.
    bool asked_since_inactive{false};  ///< And it has answered.
    std::int64_t restarts{0};
    Clock::time_point restart_at{};  ///< Not earlier.
    bool given_up{false};            ///< Found dead, it is not started again.
    /// Of its runners that died: for certain, which the server need not find out by itself.
    std::vector<model::ComputeNode> dead_nodes{};
    /// What they had is to be given back: the next runner has handed in what they left, or there is none.
    bool gives_back{false};
    std::string restart_message{};  ///< Why it is not, or why the last start failed.

    /// The server has given it up, or it has ended.
    bool is_inactive() const { return node && !node->node.is_active.value_or(false); }
    bool is_silent() const { return is_inactive() || (node && app::silence_of(node->node)); }
  };

  /// @returns whether the watching is over
  bool look() {
    try {
      const bool over = ask_server();
      m_away_since.reset();
      take_answers();
      if (m_request.restarts.restart && !over) {
        restart_dead();
      }
      ask_workers();
      tell_of_tunnel();
      show();
      return over;
    } catch (const base::ApiError& error) {
      const auto now = Clock::now();
      if (!m_away_since) {
        m_away_since = now;
        m_output.note(std::string("waiting for the server: ") + error.what());
      }
      if (!base::is_outage(error) || now - *m_away_since > k_server_patience) {
        throw;
      }
      return false;
    }
  }

  bool ask_server() {
    const auto completion = m_api.is_workflow_complete(m_request.workflow_id);
    m_result.jobs = app::count_jobs(m_api, m_request.workflow_id);
    auto nodes = app::latest_worker_nodes(m_api, m_request.workflow_id);
    for (std::size_t i = 0; i < m_workers.size(); ++i) {
      const auto it = nodes.find(m_workers[i].stored);
      m_slots[i].node = it == nodes.end() ? std::nullopt : std::optional(std::move(it->second));
    }
    if (completion.is_canceled || completion.is_complete) {
      m_result.end = completion.is_canceled ? WatchResult::End::canceled : WatchResult::End::complete;
      return true;
    }
    return nobody_works();
  }

  bool nobody_works() {
    client::ComputeNodeFilter active;
    active.is_active = true;
    active.paging.limit = 1;
    const auto now = Clock::now();
    if (m_api.list_compute_nodes(m_request.workflow_id, active).total_count > 0 || somebody_may_restart()) {
      m_worked_at = now;
    }
    m_result.end = WatchResult::End::no_workers;
    return now - m_worked_at >= k_lack;
  }

  bool somebody_may_restart() const {
    return m_request.restarts.restart &&
           std::any_of(m_slots.begin(), m_slots.end(), [&](const Slot& slot) { return may_restart(slot); });
  }

  bool may_restart(const Slot& slot) const {
    if (slot.given_up || slot.restarts >= m_request.restarts.most) {
      return false;
    }
    if (!slot.state) {
      return true;  // Nobody knows yet.
    }
    switch (slot.state->state) {
      case State::died:
      case State::running:  // When it was asked. If it is gone by now, that will show.
      case State::not_asked:
        return true;
      case State::unreachable:
        // One that never ran is not waited for.
        return slot.node.has_value();
      case State::never_started:
      case State::finished:
      case State::stopped:
        break;
    }
    return false;
  }

  void take_answers() {
    for (auto& [i, answer] : m_calls.take()) {
      Slot& slot = m_slots[i];
      if (answer.start) {
        note_restart(i, *answer.start);
        continue;
      }
      slot.state = answer.state ? std::move(*answer.state)
                                : remote::WorkerState{.state = State::unreachable, .message = answer.error};
      slot.answered_at = Clock::now();
      slot.asked_since_inactive = slot.asked_inactive;
      if (slot.state->state == State::running) {
        // Whoever started it: it may die again.
        slot.given_up = false;
        slot.restart_message.clear();
      }
    }
  }

  /// Asks those whose turn it is.
  void ask_workers() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
      const Slot& slot = m_slots[i];
      const bool seems_gone = slot.state && slot.state->state == State::running && slot.is_silent();
      const auto pause = !slot.state  ? Clock::duration::zero()
                         : seems_gone ? Clock::duration(k_ask_again)
                                      : Clock::duration(m_request.interval);
      // A worker that has only just been started may have ended together with its workflow, which the next poll shows.
      const auto since = seems_gone ? std::max(slot.asked_at, m_began_at) : slot.asked_at;
      if (now - since >= pause) {
        ask(i);
      }
    }
  }

  void ask(std::size_t i) {
    if (m_calls.is_under_way(i)) {
      return;
    }
    Slot& slot = m_slots[i];
    slot.asked_at = Clock::now();
    slot.asked_inactive = slot.is_inactive();
    m_calls.begin(i, [this, i] {
      return app::WorkerAnswer{.state = remote::query_state(m_transport, m_workers[i], m_workflow, "")};
    });
  }

  WatchedWorker watched(std::size_t i) const {
    const Slot& slot = m_slots[i];
    WatchedWorker worker{.name = m_workers[i].name, .stored = m_workers[i].stored, .host = m_workers[i].address.host};
    worker.restarts = slot.restarts;
    worker.restart_message = slot.restart_message;
    if (slot.state) {
      worker.state = remote::to_string(slot.state->state);
      worker.pid = slot.state->pid;
      worker.load = slot.state->load;
      worker.message = slot.state->message;
    }
    if (slot.node) {
      const auto& node = slot.node->node;
      worker.running_jobs = slot.node->running_jobs;
      if (node.is_active.value_or(false) && node.last_heartbeat) {
        worker.heard_ago =
            std::chrono::milliseconds(std::max<std::int64_t>(0, base::unix_millis_now() - *node.last_heartbeat));
      }
      if (worker.state == "running" && slot.is_silent()) {
        // Whether it runs still is known only once it was asked again.
        const bool is_known = !slot.is_inactive() || slot.asked_since_inactive;
        worker.state = is_known ? "silent" : "ending";
      }
    }
    return worker;
  }

  void tell_of_tunnel() {
    const bool anybody_runs = std::any_of(m_slots.begin(), m_slots.end(), [](const Slot& slot) {
      return slot.state && slot.state->state == State::running;
    });
    if (const auto news = anybody_runs ? m_attendant.look() : std::nullopt) {
      m_view.tell(*news);
    }
  }

  void show() {
    const auto& jobs = m_result.jobs;
    const std::int64_t done = jobs.total - jobs.left();
    if (!m_done_before) {
      m_done_before = done;
    }
    WatchSnapshot snapshot{.workflow_id = m_request.workflow_id};
    snapshot.progress = {.total = jobs.total,
                         .done_before = *m_done_before,
                         .done_here = done - *m_done_before,
                         .running = jobs.running,
                         .failed = jobs.failed,
                         .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - m_began_at)};
    for (std::size_t i = 0; i < m_workers.size(); ++i) {
      snapshot.workers.push_back(watched(i));
    }
    m_view.show(snapshot);
  }

  /// Begins the starts that are due.
  void restart_dead() {
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
      Slot& slot = m_slots[i];
      if (slot.gives_back) {
        app::give_back_jobs(m_api, m_request.workflow_id, slot.dead_nodes);
        slot.gives_back = false;
      }
      if (!slot.state || slot.state->state != State::died || slot.given_up || m_calls.is_under_way(i)) {
        continue;
      }
      const auto now = Clock::now();
      if (slot.state->ending) {
        // What it ran is not to run twice.
        if (now - slot.answered_at > k_until_ended) {
          ask(i);
        }
      } else if (slot.restarts >= m_request.restarts.most) {
        slot.dead_nodes = app::active_nodes_of(m_api, m_request.workflow_id, m_workers[i].stored);
        give_up(i, fmt::format("died again and is not started again: {0} of {0} restarts are used (--max-restarts)",
                               m_request.restarts.most));
      } else if (now >= slot.restart_at && now - slot.answered_at > k_ask_again) {
        ask(i);  // Somebody else may have started it.
      } else if (now >= slot.restart_at) {
        slot.dead_nodes = app::active_nodes_of(m_api, m_request.workflow_id, m_workers[i].stored);
        m_calls.begin(i, [this, i] { return app::WorkerAnswer{.start = start_again(m_workers[i])}; });
      }
    }
  }

  remote::StartResult start_again(const remote::Worker& worker) {
    remote::StartSettings settings = m_settings;
    HeldTunnel tunnel;  // It does not end before the worker is started.
    if (find_server_tunnel(m_workflow)) {
      try {
        tunnel = hold_server_tunnel(m_workflow, {worker}, m_request.ssh, m_services, m_quit.get_token());
      } catch (const base::Error& error) {
        tunnel.failures.emplace(worker.stored, error.what());
      }
      if (const auto failure = tunnel.failures.find(worker.stored); failure != tunnel.failures.end()) {
        return {.check = {.problem = remote::Check::Problem::tunnel, .message = failure->second}};
      }
      settings.of_worker[worker.stored].server_url = tunnel.urls.at(worker.stored);
    }
    return remote::check_and_start(m_transport, {worker}, settings, 1,
                                   [](const std::vector<remote::Check>& checks) {
                                     return std::vector<char>(1, checks.front().ok() ? 1 : 0);
                                   })
        .front();
  }

  void give_up(std::size_t i, const std::string& why) {
    m_slots[i].given_up = true;
    m_slots[i].restart_message = why;
    m_slots[i].gives_back = true;
    m_view.tell(m_workers[i].name + ": " + why);
  }

  void note_restart(std::size_t i, const remote::StartResult& result) {
    using Problem = remote::Check::Problem;
    Slot& slot = m_slots[i];
    slot.asked_at = {};  // How it goes on shows best at once.
    if (!result.tried && result.check.problem == Problem::not_again) {
      give_up(i, "is not started again: " + result.check.message);
    } else if (!result.tried &&
               (result.check.problem == Problem::unreachable || result.check.problem == Problem::tunnel ||
                result.check.problem == Problem::canceled)) {
      // Its turn comes when it answers again.
      slot.state = remote::WorkerState{.state = State::unreachable, .message = result.check.message};
      slot.asked_at = Clock::now();
    } else if (result.start.already_running) {
      slot.state = remote::WorkerState{.state = State::running, .pid = result.start.pid};
      slot.node.reset();
    } else {
      count_restart(i, result);
    }
  }

  void count_restart(std::size_t i, const remote::StartResult& result) {
    Slot& slot = m_slots[i];
    const auto pause = std::chrono::duration<double>(std::min(
        std::ldexp(m_request.restarts.pause_seconds, static_cast<int>(std::min<std::int64_t>(slot.restarts, 20))),
        std::max(k_longest_restart_pause_seconds, m_request.restarts.pause_seconds)));
    ++slot.restarts;
    slot.gives_back = true;
    slot.restart_at = Clock::now() + std::chrono::duration_cast<Clock::duration>(pause);
    const std::string of_most = fmt::format("{} of {}", slot.restarts, m_request.restarts.most);
    if (result.start.ok) {
      slot.state = remote::WorkerState{.state = State::running, .pid = result.start.pid};
      slot.node.reset();
      slot.restart_message.clear();
      m_view.tell(fmt::format("{}: started again (PID {}), {}; not again within {}", m_workers[i].name,
                              result.start.pid.value_or(0), of_most,
                              base::format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(pause))));
      return;
    }
    slot.restart_message = fmt::format("cannot be started again ({}): {}", of_most,
                                       result.tried ? result.start.message : result.check.message);
    m_view.tell(m_workers[i].name + ": " + slot.restart_message);
  }

  void note_restarts_in_result() {
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
      if (m_slots[i].restarts > 0) {
        m_result.restarts[m_workers[i].stored] = m_slots[i].restarts;
      }
    }
  }

  void sleep(std::chrono::milliseconds pause) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any none;
    none.wait_for(lock, m_stop, pause, [] { return false; });
  }

  Services& m_services;
  const Output& m_output;
  client::Api& m_api;
  const WatchRequest& m_request;
  std::stop_token m_stop;
  std::stop_source m_quit{};  ///< Ends the calls: the user does not want to wait, or the watching is over.
  std::vector<remote::Worker> m_workers;
  remote::SshTransport m_transport;
  WatchView m_view;
  std::vector<Slot> m_slots;
  remote::WorkflowRef m_workflow;
  remote::StartSettings m_settings{};  ///< For starts again.
  WatchResult m_result{};
  std::optional<std::int64_t> m_done_before{};
  Clock::time_point m_began_at{Clock::now()};
  Clock::time_point m_worked_at{Clock::now()};  ///< When some runner was last seen.
  std::optional<Clock::time_point> m_away_since{};
  TunnelAttendant m_attendant;
  app::WorkerCalls m_calls;  ///< Last: its threads end before what they use.
};

}  // namespace

WatchResult watch_workers(Services& services, const WatchRequest& request) {
  return Watching(services, request).run();
}

int report_end(const WatchResult& result, model::Id workflow_id, Services& services) {
  const Output& output = services.output();
  const auto& jobs = result.jobs;
  switch (result.end) {
    case WatchResult::End::complete:
      output.line(app::completed_text(jobs));
      return jobs.failed + jobs.canceled > 0 ? k_exit_failure : k_exit_ok;
    case WatchResult::End::canceled:
      output.line(fmt::format("Workflow {} was canceled", workflow_id));
      return k_exit_failure;
    case WatchResult::End::no_workers:
      output.note(fmt::format("No worker is left, but {} of {} jobs are not done; 'torc remote status {}' tells why",
                              jobs.left(), jobs.total, workflow_id));
      return k_exit_failure;
    case WatchResult::End::interrupted:
      output.note(services.options().standalone
                      ? "Interrupted: the server ends with this command, the workers lose it"
                      : fmt::format("Interrupted: the workers go on; 'torc remote stop {}' stops them", workflow_id));
      return k_exit_failure;
  }
  return k_exit_failure;
}

}  // namespace torc::cli
