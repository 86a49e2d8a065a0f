// How a run ends: by a stop, by the end of its time, by a cancel of the workflow, by an error. Each ends what runs,
// hands in what is known, and gives back what was not done.

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "runner/jobs/monitor_config.hpp"
#include "runner/loop/run_loop.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"

namespace torc::runner {
namespace {

using std::chrono::seconds;

/// How long the end of a run may try to tell a server that does not answer.
constexpr seconds k_last_words{20};
/// The same where it shall be quick.
constexpr seconds k_hasty_words{1};
constexpr std::int64_t k_terminated = 128 + 15;

/// Shorter where `haste` is requested.
void sleep_until(const std::stop_token& haste, std::chrono::steady_clock::time_point until) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, haste, until, [] { return false; });
}

}  // namespace

/// Ends every job that runs and waits until all their processes, and what earlier jobs left, are gone, and it is known
/// whether jobs that have ended before wrote their outputs.
void RunLoop::end_jobs() {
  const auto lead = m_report.timed_out ? m_last_lead : std::chrono::milliseconds(m_config.sigterm_lead);
  for (auto& ended : m_running->end_all(lead, m_options.haste)) {
    finish(std::move(ended));
  }
  wait_for_checks();
  give_back_failed();
}

/// Repeats a call that the server does not answer until it does, or until `until`; who is in haste waits no longer than
/// one more try may help.
template <typename Call>
void RunLoop::insist(Clock::time_point until, Call&& call) {
  const CallLimits::LastWords last_words(m_limits, until);
  bool hastened = false;
  for (;;) {
    try {
      if (m_link.away()) {
        m_api.ping();  // See `talk`.
      }
      call();
      m_link.answered();
      return;
    } catch (const base::ApiError& error) {
      m_link.failed(Clock::now(), random_jitter());
      if (m_options.haste.stop_requested() && !std::exchange(hastened, true)) {
        until = std::min(until, Clock::now() + k_hasty_words);
      }
      if (!may_pass(error) || m_link.next_change() > until) {
        throw;
      }
      sleep_until(hastened ? std::stop_token() : m_options.haste, m_link.next_change());
    }
  }
}

void RunLoop::stop_run(const std::string& why) {
  m_report.stopped = true;
  m_log.info("{}: ending {} jobs", why, m_running->count());
  reap();  // What has ended by itself counts.
  end_jobs();
  const auto until = Clock::now() + k_last_words;
  insist(until, [this] { m_outbox->deliver(); });
  while (m_outbox->has_requeues()) {
    insist(until, [this] { give_back_next(); });
  }
  insist(until, [this] { m_outbox->deliver(); });  // Those that cannot be given back.
  give_back_claimed(until);
  changed();
}

void RunLoop::give_back_next() {
  if (m_outbox->requeue_next(m_report.timed_out, m_config.timeout_exit_code)) {
    ++m_report.given_back;
  }
}

void RunLoop::stop_at_time_limit() {
  m_report.timed_out = true;
  stop_run("the time limit is reached");
}

void RunLoop::give_back_claimed(Clock::time_point until) {
  while (!m_inbox->empty()) {
    insist(until, [this] { m_inbox->requeue_front(); });
    ++m_report.given_back;
  }
}

void RunLoop::cancel_run() {
  m_report.canceled = true;
  m_log.info("the workflow was canceled: ending {} jobs", m_running->count());
  reap();
  end_jobs();
  m_outbox->cancel_requeues(k_terminated);
  insist(Clock::now() + k_last_words, [this] { m_outbox->deliver(); });
  m_inbox->clear();
}

/// After an error: nothing may be left running, and what can be given back is.
void RunLoop::abandon() noexcept {
  try {
    if (m_link.away()) {
      for (auto& failed : m_recovery->take_undecided()) {
        m_outbox->add(std::move(failed));  // Whether they may run again cannot be asked.
      }
    }
    end_jobs();
    if (m_link.away()) {
      m_outbox->record_results();
      m_outbox->record_requeues(m_inbox->jobs(), m_report.timed_out);
      return;
    }
    const auto until = Clock::now() + k_last_words;
    insist(until, [this] { m_outbox->deliver(); });
    while (m_outbox->has_requeues()) {
      insist(until, [this] { m_outbox->requeue_next(/*time_is_over=*/false, m_config.timeout_exit_code); });
    }
    give_back_claimed(until);
    deactivate();
  } catch (const std::exception& error) {
    m_log.error("jobs could not be given back: {}", error.what());
  }
}

void RunLoop::deactivate() {
  if (const auto used = m_running->finish_monitoring()) {
    m_liveness->record_usage(*used, monitor_config_of(m_workflow));
  }
  const auto ran = Clock::now() - m_started;
  try {
    insist(Clock::now() + k_last_words, [&] { m_liveness->deactivate(ran); });
    give_back_lost_claims();
  } catch (const base::ApiError& error) {
    m_log.warning("the compute node could not be deactivated: {}", error.what());
  }
}

/// To be called when the node is inactive: from then on no claim of it gets anything, so this look is the last.
void RunLoop::give_back_lost_claims() {
  if (!m_exchange->claims_in_doubt()) {
    return;
  }
  const auto until = Clock::now() + k_last_words;
  insist(until, [this] { m_inbox->find_lost_claims(); });
  give_back_claimed(until);
}

}  // namespace torc::runner
