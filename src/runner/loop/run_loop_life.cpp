// How the server knows that this runner lives, and what follows where it did not: others have got the jobs then.
//
// A runner that was lost (its network was cut, it was suspended) learns that from the answer to a heartbeat, which
// comes before anything it claims or starts. It ends what it runs, for others may run it by now: at once, since files
// that a job writes in its grace would be in the way of the attempt that counts. Results that it still has are refused
// by the server (an attempt is ended once), their output files stay. Then it goes on as a compute node of its own, so
// that nothing that is still on its way in the name of the lost one gets anything.

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runner/loop/run_loop.hpp"
#include "runner/loop/worker_state.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

model::ComputeNode RunLoop::describe_node() const {
  model::ComputeNode node;
  node.workflow_id = m_options.workflow_id;
  node.hostname = proc::host_name();
  node.pid = ::getpid();
  node.num_cpus = m_capacity.cpus;
  node.memory_gb = m_capacity.memory_gb;
  node.num_gpus = m_capacity.gpus;
  node.num_nodes = 1;
  node.compute_node_type = "local";
  if (m_options.time_limit) {
    node.time_limit = base::format_iso_duration(std::chrono::ceil<seconds>(*m_options.time_limit));
  }
  if (m_options.worker) {
    node.scheduler = worker_scheduler(*m_options.worker);
  }
  return node;
}

void RunLoop::log_registration() {
  const auto& node = m_liveness->node();
  m_log.info("runner of workflow {} run {} on {} (PID {}, compute node {}): {} CPUs, {:.1f} GB, {} GPUs{}",
             m_options.workflow_id, m_run_id, node.hostname, node.pid, m_liveness->node_id(), m_capacity.cpus,
             m_capacity.memory_gb, m_capacity.gpus,
             m_options.max_parallel_jobs ? fmt::format(", {} jobs at once", *m_options.max_parallel_jobs) : "");
}

/// @throws base::ApiError where the server cannot be told; to be called again then
void RunLoop::keep_alive() {
  if (!m_lost && m_liveness->is_due(Clock::now())) {
    m_lost = !m_liveness->send_heartbeat();
  }
  if (m_lost) {
    rejoin();
    m_lost = !m_liveness->send_heartbeat();  // From here on it is held to its heartbeats: before it has any job.
  }
}

/// What ran, and what was about to. Those among them that ended by themselves meanwhile count as little.
void RunLoop::end_lost_jobs() {
  for (const auto& ended : m_running->end_all(milliseconds(0), m_options.haste)) {
    m_log.warning("job {} ({}), attempt {}, was ended: it is no longer this runner's", ended.job.id.value_or(0),
                  ended.job.name, ended.job.attempt_id.value_or(1));
  }
  m_unverified->take_unverified();
  m_recovery->clear();
  m_inbox->clear();
}

void RunLoop::rejoin() {
  m_log.warning(
      "compute node {} is not active any more: the server has heard nothing of this runner for too long, or "
      "somebody said so; {} jobs are ended",
      m_liveness->node_id(), m_running->count());
  end_lost_jobs();
  m_outbox->deliver();
  // Where it was somebody who said so, nobody has given these back.
  for (const auto& job : m_exchange->jobs_at_work()) {
    m_exchange->give_back(job, job.status == model::JobStatus::running);
  }
  m_liveness->rejoin();
  log_registration();
  m_exchange->continue_as(m_liveness->node_id());
  m_lost = false;
  m_inbox->allow_claims();
  changed();
}

/// @throws what `error` is where no later call can go better
void RunLoop::lose_touch(const base::ApiError& error) {
  if (!may_pass(error)) {
    throw base::ApiError(error);
  }
  if (!m_link.away()) {
    m_log.warning("the server does not answer, {} jobs go on running: {}", m_running->count(), error.what());
  }
  m_link.failed(Clock::now(), random_jitter());
}

void RunLoop::wait_for_work(JobExchange::Wanted room) {
  const auto started = Clock::now();
  auto until = started + m_options.longest_wait;
  if (m_stop_at) {
    until = std::min(until, *m_stop_at);
  }
  if (leaves_when_idle()) {
    until = std::min(until, m_last_work + patience());
  }
  room.wait = std::chrono::floor<seconds>(until - started);
  room.stop = m_break_off.get_token();
  if (room.wait <= seconds(0)) {
    m_running->wait(next_wake({}));
    return;
  }
  try {
    m_inbox->wait_for_jobs(room);
    m_link.answered();
    const auto now = Clock::now();
    if (!m_inbox->empty()) {
      m_last_work = now;
      return;
    }
    if (now - started >= room.wait / 2) {
      // Nothing has happened: then there is nothing to look for either, and an idle runner hardly ever asks.
      m_inbox->pause_claims();
      m_next_poll = now + m_options.poll_interval;
      m_liveness->record_sign_of_life(now);
      return;
    }
    // The workflow is over, which the next look tells; or this runner is lost, which a heartbeat tells; or the server
    // is about to end, which is no reason to hurry.
    m_no_wait_until = now + m_options.poll_interval;
    m_liveness->expedite();
  } catch (const base::ApiError& error) {
    if (m_break_off.stop_requested()) {
      return;
    }
    lose_touch(error);
  }
  m_next_poll = Clock::now();
}

}  // namespace torc::runner
