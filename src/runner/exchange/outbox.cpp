#include "runner/exchange/outbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::runner {

/// Usually deliver_left_results has delivered these before, unless their runner ended only after that.
void Outbox::load(ResultJournal::Left&& left) {
  std::move(left.requeues.begin(), left.requeues.end(), std::back_inserter(m_inherited_requeues));
  for (auto& result : left.results) {
    model::Job job;
    job.id = result.job_id;
    job.workflow_id = result.workflow_id;
    job.name = "of an earlier runner";
    m_results.push_back(
        {.attempt = {.job = std::move(job), .result = std::move(result)}, .is_journaled = true, .is_inherited = true});
  }
}

void Outbox::add(Attempt&& attempt) {
  m_results.push_back({.attempt = std::move(attempt)});
}

void Outbox::deliver() {
  deliver_results();
  // A runner ends its jobs before it journals them, so none of these is running.
  for (; !m_inherited_requeues.empty(); m_inherited_requeues.pop_front()) {
    m_exchange.requeue(m_inherited_requeues.front());
  }
  m_journal.clear();
  for (; !m_retried.empty(); m_retried.pop_front()) {
    m_exchange.record_attempt(m_retried.front().result);
    emit_event(m_retried.front());
  }
}

void Outbox::deliver_results() {
  while (!m_results.empty()) {
    std::vector<model::Result> results;
    for (std::size_t i = 0; i < std::min(m_results.size(), m_exchange.most_at_once()); ++i) {
      results.push_back(m_results[i].attempt.result);
    }
    for (const bool on_record : m_exchange.complete(results)) {
      const Entry& next = m_results.front();
      emit_event(next.attempt);
      const auto& result = next.attempt.result;
      m_log.info("job {} ({}) ended: {}, return code {}, {:.3f} s", result.job_id, next.attempt.job.name,
                 model::to_string(result.status), result.return_code, result.exec_time_minutes * 60.0);
      const Entry delivered = std::move(m_results.front());
      m_results.pop_front();
      m_on_delivered({.attempt = delivered.attempt, .on_record = on_record, .is_inherited = delivered.is_inherited});
    }
  }
}

/// Only for attempts with more information than the result contains.
void Outbox::emit_event(const Attempt& attempt) {
  if (attempt.event_type.empty()) {
    return;
  }
  nlohmann::json data{{"category", "job"},
                      {"event_type", attempt.event_type},
                      {"job_id", attempt.result.job_id},
                      {"job_name", attempt.job.name},
                      {"compute_node_id", attempt.result.compute_node_id},
                      {"message", attempt.message}};
  data.update(attempt.details);
  m_api.create_event({.id = std::nullopt,
                      .workflow_id = m_exchange.result_owner().workflow_id,
                      .timestamp = base::unix_millis_now(),
                      .data = std::move(data)});
}

bool Outbox::requeue_next(bool time_is_over, std::int64_t terminated_code) {
  EndedJob& ended = m_requeues.back();
  const auto outcome = m_exchange.requeue_started(ended.job, ended.run_id, time_is_over);
  if (outcome == JobExchange::RequeueOutcome::too_often) {
    auto result = result_of(m_exchange.result_owner(), ended.job, ended.run_id, terminated_code, ended.ran);
    result.status = model::JobStatus::terminated;
    add({.job = std::move(ended.job), .result = std::move(result)});
  }
  m_requeues.pop_back();
  return outcome == JobExchange::RequeueOutcome::yes;
}

void Outbox::cancel_requeues(std::int64_t return_code) {
  for (auto& ended : m_requeues) {
    auto result = result_of(m_exchange.result_owner(), ended.job, ended.run_id, return_code, ended.ran);
    result.status = model::JobStatus::canceled;
    add({.job = std::move(ended.job), .result = std::move(result)});
  }
  m_requeues.clear();
}

/// While the server is away, results must survive the death of this process.
void Outbox::record_results() {
  std::vector<model::Result> results;
  for (auto& entry : m_results) {
    if (!std::exchange(entry.is_journaled, true)) {
      results.push_back(entry.attempt.result);
    }
  }
  m_journal.add(results);
}

void Outbox::record_requeues(const std::deque<model::Job>& claimed, bool time_is_over) {
  std::vector<ResultJournal::Requeue> requeues;
  for (const auto& ended : m_requeues) {
    requeues.push_back({.job = ended.job, .run_id = ended.run_id, .started = true, .time_is_over = time_is_over});
  }
  for (const auto& job : claimed) {
    requeues.push_back({.job = job, .run_id = m_exchange.run_id(), .started = job.status == model::JobStatus::running});
  }
  m_journal.add(requeues);
  if (!requeues.empty()) {
    m_log.warning("{} could not be requeued; the next runner in this directory requeues what is in {}",
                  base::counted(std::ssize(requeues), "job"), m_journal.path().string());
  }
}

}  // namespace torc::runner
