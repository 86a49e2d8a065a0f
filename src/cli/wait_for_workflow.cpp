#include "cli/wait_for_workflow.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include <fmt/format.h>

namespace torc::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_first_pause{100};
constexpr std::chrono::milliseconds k_longest_pause{2'000};
/// A note at least this often, and whenever the numbers changed at most so often.
constexpr std::chrono::seconds k_note_pause{5};
/// A server that is started anew is waited for.
constexpr std::chrono::minutes k_server_patience{5};
/// A runner may register some time after its start: only a longer lack of runners counts.
constexpr std::chrono::seconds k_lack{10};

class Waiting {
 public:
  Waiting(Services& services, model::Id workflow_id)
      : m_output(services.output()),
        m_api(services.api()),
        m_workflow_id(workflow_id),
        m_stop(services.stop_on_signal()) {}

  WaitResult run() {
    auto pause = k_first_pause;
    while (!m_stop.stop_requested()) {
      if (look()) {
        return m_result;
      }
      sleep(pause);
      pause = std::min(pause * 3 / 2, k_longest_pause);
    }
    m_result.end = WaitResult::End::interrupted;
    return m_result;
  }

 private:
  /// @returns whether the waiting is over
  bool look() {
    try {
      const bool over = ask();
      m_away_since.reset();
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

  bool ask() {
    const auto completion = m_api.is_workflow_complete(m_workflow_id);
    m_result.jobs = count_jobs(m_api, m_workflow_id);
    if (completion.is_canceled || completion.is_complete) {
      m_result.end = completion.is_canceled ? WaitResult::End::canceled : WaitResult::End::complete;
      tell(true);
      return true;
    }
    tell(false);
    client::ComputeNodeFilter active;
    active.is_active = true;
    active.paging.limit = 1;
    const auto now = Clock::now();
    if (m_api.list_compute_nodes(m_workflow_id, active).total_count > 0) {
      m_worked_at = now;
    }
    if (now - m_worked_at < k_lack) {
      return false;
    }
    m_result.end = WaitResult::End::no_workers;
    return true;
  }

  void tell(bool last) {
    const auto now = Clock::now();
    if (!last && m_told_at && now - *m_told_at < k_note_pause) {
      return;
    }
    m_told_at = now;
    if (!m_output.json()) {
      const auto& jobs = m_result.jobs;
      m_output.note(fmt::format("{}/{} jobs  {} running  {} failed", jobs.total - jobs.left(), jobs.total, jobs.running,
                                jobs.failed));
    }
  }

  void sleep(std::chrono::milliseconds pause) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any none;
    none.wait_for(lock, m_stop, pause, [] { return false; });
  }

  const Output& m_output;
  client::Api& m_api;
  model::Id m_workflow_id;
  std::stop_token m_stop;
  WaitResult m_result;
  Clock::time_point m_worked_at{Clock::now()};  ///< When some runner was last seen.
  std::optional<Clock::time_point> m_told_at;
  std::optional<Clock::time_point> m_away_since;
};

}  // namespace

WaitResult wait_for_workflow(Services& services, model::Id workflow_id) {
  return Waiting(services, workflow_id).run();
}

}  // namespace torc::cli
