// Theory of operation: the server is asked every second or two, which costs it little and tells of jobs and of runners
// that report to it. The workers themselves are asked over ssh, all of them at intervals and, in between, those that the
// server no longer hears of; a thread of its own does that, as a host that is down takes its time to say so.

#include "cli/watch_workers.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include <fmt/format.h>

#include "cli/give_back_jobs.hpp"
#include "cli/worker_nodes.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

using Clock = std::chrono::steady_clock;
using remote::State;

constexpr std::chrono::milliseconds k_shortest_pause{100};
constexpr std::chrono::milliseconds k_longest_pause{2'000};
/// A server that is started anew is waited for.
constexpr std::chrono::minutes k_server_patience{5};
/// A runner may register some time after its start: only a longer lack of runners counts.
constexpr std::chrono::seconds k_lack{10};
/// Workers that have just been started are left alone so long: a short run ends without another connection.
constexpr std::chrono::seconds k_first_question{5};
/// A worker whose runner seems gone is not asked more often.
constexpr std::chrono::seconds k_ask_again{5};
constexpr std::chrono::minutes k_longest_restart_pause{10};

/// The states of workers, asked for in a thread of its own.
class Asker {
 public:
  Asker(remote::Transport& transport, const std::vector<remote::Worker>& workers, remote::WorkflowRef workflow,
        std::size_t width)
      : m_transport(transport), m_workers(workers), m_workflow(std::move(workflow)), m_width(width) {}

  bool is_busy() const {
    const std::scoped_lock lock(m_mutex);
    return m_busy;
  }

  /// To be called while it is not busy.
  void ask(std::vector<std::size_t> indexes) {
    m_busy = true;
    m_thread = std::jthread([this, asked = std::move(indexes)] {
      const auto states = proc::fan_out(asked, m_width, [&](std::size_t i) {
        return remote::query_state(m_transport, m_workers[i], m_workflow, "");
      });
      const std::scoped_lock lock(m_mutex);
      for (std::size_t k = 0; k < asked.size(); ++k) {
        m_answers[asked[k]] = states[k];
      }
      m_busy = false;
    });
  }

  /// What was answered since the last call.
  std::map<std::size_t, remote::WorkerState> take() {
    const std::scoped_lock lock(m_mutex);
    return std::exchange(m_answers, {});
  }

 private:
  remote::Transport& m_transport;
  const std::vector<remote::Worker>& m_workers;
  remote::WorkflowRef m_workflow;
  std::size_t m_width;
  mutable std::mutex m_mutex{};
  std::map<std::size_t, remote::WorkerState> m_answers{};  ///< Under m_mutex.
  bool m_busy{false};                                      ///< Under m_mutex.
  std::jthread m_thread{};                                 ///< Last: it ends before what it uses.
};

class Watching {
 public:
  Watching(Services& services, const WatchRequest& request)
      : m_services(services),
        m_output(services.output()),
        m_api(services.api()),
        m_request(request),
        m_stop(services.stop_on_signal()),
        m_workers(stored_workers(m_api, request.workflow_id, request.ssh.hosts)),
        m_transport(make_ssh_options(request.ssh), m_end_calls.get_token()),
        m_view(m_output, request.target),
        m_slots(m_workers.size()),
        m_asker(m_transport, m_workers, workflow_ref(m_api, request.workflow_id), request.ssh.max_parallel) {
    for (std::size_t i = 0; i < m_workers.size(); ++i) {
      if (const auto known = request.known.find(m_workers[i].stored); known != request.known.end()) {
        m_slots[i].state = known->second;
        m_slots[i].asked_at = m_began_at - std::max(m_request.interval - k_first_question, std::chrono::seconds(0));
      }
    }
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  /// What is still being asked is of no interest any more.
  ~Watching() { m_end_calls.request_stop(); }

  WatchResult run() {
    while (!m_stop.stop_requested()) {
      if (look()) {
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
    std::optional<WorkerNode> node{};            ///< As the server has it.
    Clock::time_point asked_at{};
    bool asked_inactive{false};        ///< The server had given it up when it was asked.
    bool asked_since_inactive{false};  ///< And it has answered.
    int restarts{0};
    Clock::time_point restart_at{};  ///< Not earlier.

    /// The server has given it up, or it has ended.
    bool is_inactive() const { return node && !node->node.is_active.value_or(false); }
    bool is_silent() const { return is_inactive() || (node && silence_of(node->node)); }
  };

  /// @returns whether the watching is over
  bool look() {
    try {
      const bool over = ask_server();
      m_away_since.reset();
      ask_workers();
      show();
      restart_dead(over);
      return over;
    } catch (const base::ApiError& error) {
      const auto now = Clock::now();
      if (!m_away_since) {
        m_away_since = now;
        m_output.note(std::string("waiting for the server: ") + error.what());
      }
      if (!error.unreachable() || now - *m_away_since > k_server_patience) {
        throw;
      }
      return false;
    }
  }

  bool ask_server() {
    const auto completion = m_api.is_workflow_complete(m_request.workflow_id);
    m_result.jobs = count_jobs(m_api, m_request.workflow_id);
    auto nodes = latest_worker_nodes(m_api, m_request.workflow_id);
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
    return m_request.restart && std::any_of(m_slots.begin(), m_slots.end(), [&](const Slot& slot) {
             return slot.restarts < m_request.most_restarts &&
                    (!slot.state || slot.state->state == State::died || slot.state->state == State::unreachable);
           });
  }

  /// Takes what workers answered, and asks those whose turn it is.
  void ask_workers() {
    for (auto& [i, state] : m_asker.take()) {
      m_slots[i].state = std::move(state);
      m_slots[i].asked_since_inactive = m_slots[i].asked_inactive;
    }
    if (m_asker.is_busy()) {
      return;
    }
    const auto now = Clock::now();
    std::vector<std::size_t> due;
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
      const Slot& slot = m_slots[i];
      const bool seems_gone = slot.state && slot.state->state == State::running && slot.is_silent();
      const auto pause = !slot.state  ? Clock::duration::zero()
                         : seems_gone ? Clock::duration(k_ask_again)
                                      : Clock::duration(m_request.interval);
      if (now - slot.asked_at >= pause) {
        due.push_back(i);
        m_slots[i].asked_at = now;
        m_slots[i].asked_inactive = slot.is_inactive();
      }
    }
    if (!due.empty()) {
      m_asker.ask(std::move(due));
    }
  }

  WatchedWorker watched(std::size_t i) const {
    const Slot& slot = m_slots[i];
    WatchedWorker worker{.name = m_workers[i].name, .stored = m_workers[i].stored, .host = m_workers[i].address.host};
    worker.restarts = slot.restarts;
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

  void restart_dead(bool over) {
    if (over || !m_request.restart) {
      return;
    }
    const auto now = Clock::now();
    std::vector<std::size_t> due;
    std::vector<remote::Worker> dead;
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
      const Slot& slot = m_slots[i];
      if (slot.state && slot.state->state == State::died && slot.restarts < m_request.most_restarts &&
          now >= slot.restart_at) {
        due.push_back(i);
        dead.push_back(m_workers[i]);
      }
    }
    if (dead.empty()) {
      return;
    }
    for (const auto& worker : dead) {
      give_back_jobs(m_api, m_request.workflow_id, worker.stored);
    }
    const auto results = m_request.restart(m_transport, dead);
    for (std::size_t k = 0; k < due.size(); ++k) {
      note_restart(due[k], results[k]);
    }
  }

  void note_restart(std::size_t i, const remote::StartResult& result) {
    Slot& slot = m_slots[i];
    const auto pause = m_request.restart_pause * (1 << std::min(slot.restarts, 10));
    ++slot.restarts;
    slot.restart_at = Clock::now() + std::min<Clock::duration>(pause, k_longest_restart_pause);
    slot.asked_at = {};
    if (result.start.ok) {
      slot.state = remote::WorkerState{.state = State::running, .pid = result.start.pid};
      slot.node.reset();
      m_view.tell(fmt::format("{}: started again (PID {}), {} of {}", m_workers[i].name, result.start.pid.value_or(0),
                              slot.restarts, m_request.most_restarts));
    } else {
      m_view.tell(fmt::format("{}: cannot be started again ({} of {}): {}", m_workers[i].name, slot.restarts,
                              m_request.most_restarts, result.tried ? result.start.message : result.check.message));
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
  std::stop_source m_end_calls;
  std::stop_callback<std::function<void()>> m_on_stop{m_stop, [this] { m_end_calls.request_stop(); }};
  std::vector<remote::Worker> m_workers;
  remote::SshTransport m_transport;
  WatchView m_view;
  std::vector<Slot> m_slots;
  Asker m_asker;
  WatchResult m_result{};
  std::optional<std::int64_t> m_done_before{};
  Clock::time_point m_began_at{Clock::now()};
  Clock::time_point m_worked_at{Clock::now()};  ///< When some runner was last seen.
  std::optional<Clock::time_point> m_away_since{};
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
      output.line(completed_text(jobs));
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
