#include "app/fleet/worker_poller.hpp"

#include <algorithm>
#include <utility>

namespace torc::app {
namespace {

using remote::State;

/// Delay of the first query of a worker that has just been started.
constexpr std::chrono::seconds k_first_query{5};
/// Minimum interval between queries of a worker whose runner seems to have ended.
constexpr std::chrono::seconds k_between_urgent_queries{5};

}  // namespace

bool PolledWorker::is_inactive() const {
  return node && !node->node.is_active.value_or(false);
}

bool PolledWorker::is_silent() const {
  return is_inactive() || (node && silence_of(node->node));
}

bool PolledWorker::seems_gone() const {
  return state && state->state == State::running && is_silent();
}

WorkerPoller::WorkerPoller(const Fleet& fleet, remote::WorkflowRef workflow, remote::Transport& transport,
                           std::chrono::seconds interval)
    : m_fleet(fleet),
      m_workflow(std::move(workflow)),
      m_transport(transport),
      m_interval(interval),
      m_workers(fleet.workers.size()),
      m_calls(transport.width()) {}

void WorkerPoller::set_nodes(std::map<std::string, WorkerNode> nodes) {
  for (std::size_t i = 0; i < m_workers.size(); ++i) {
    const auto found = nodes.find(m_fleet.workers[i].stored);
    m_workers[i].node = found == nodes.end() ? std::nullopt : std::optional(std::move(found->second));
  }
}

void WorkerPoller::set_just_started(std::size_t i, remote::WorkerState state) {
  m_workers[i].state = std::move(state);
  m_workers[i].queried_at = m_began_at - std::max(m_interval - k_first_query, std::chrono::seconds(0));
}

void WorkerPoller::set_state(std::size_t i, remote::WorkerState state, bool query_at_once) {
  if (state.state == State::running) {
    m_workers[i].node.reset();  // The server's record is of the previous runner.
  }
  m_workers[i].state = std::move(state);
  m_workers[i].queried_at = query_at_once ? std::nullopt : std::optional(Clock::now());
}

void WorkerPoller::poll() {
  const auto now = Clock::now();
  for (std::size_t i = 0; i < m_workers.size(); ++i) {
    const PolledWorker& worker = m_workers[i];
    const auto pause = !worker.state         ? Clock::duration::zero()
                       : worker.seems_gone() ? Clock::duration(k_between_urgent_queries)
                                             : Clock::duration(m_interval);
    // A worker that has just been started may have ended together with its workflow, which the next poll shows.
    const auto since =
        worker.seems_gone() ? std::max(worker.queried_at.value_or(m_began_at), m_began_at) : worker.queried_at;
    if (!since || now - *since >= pause) {
      query(i);
    }
  }
}

void WorkerPoller::query(std::size_t i) {
  if (m_calls.is_under_way(i)) {
    return;
  }
  m_workers[i].queried_at = Clock::now();
  m_workers[i].queried_inactive = m_workers[i].is_inactive();
  m_calls.begin(i, [this, i] {
    return WorkerAnswer{.state = remote::query_state(m_transport, m_fleet.workers[i], m_workflow, "")};
  });
}

void WorkerPoller::start(std::size_t i, std::function<remote::StartResult()> start) {
  m_calls.begin(i, [start = std::move(start)] { return WorkerAnswer{.start = start()}; });
}

WorkerPoller::Answers WorkerPoller::take_answers() {
  Answers answers;
  for (auto& [i, answer] : m_calls.take()) {
    if (answer.start) {
      answers.starts.emplace(i, std::move(*answer.start));
      continue;
    }
    PolledWorker& worker = m_workers[i];
    worker.state = answer.state ? std::move(*answer.state)
                                : remote::WorkerState{.state = State::unreachable, .message = answer.error};
    worker.answered_at = Clock::now();
    worker.answered_since_inactive = worker.queried_inactive;
    answers.states.push_back(i);
  }
  return answers;
}

}  // namespace torc::app
