#include "runner/exchange/recovery.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/error.hpp"

namespace torc::runner {

bool Recovery::decide() {
  bool any_retried = false;
  while (!m_failed.empty()) {
    any_retried = decide(m_failed.front()) || any_retried;
    m_failed.pop_front();
  }
  return any_retried;
}

bool Recovery::decide(Failed& failed) {
  Attempt& attempt = failed.attempt;
  const auto code = attempt.result.return_code;
  if (!failed.rule) {
    auto rule = m_rules.find(attempt.job, code);
    failed.script_is_due = rule && !rule->recovery_script.empty() && has_retry_left(attempt, *rule);
    failed.rule = std::move(rule);  // Last: if the server does not answer, all of this is repeated.
  }
  if (!failed.rule) {
    if (m_use_pending_failed) {
      attempt.result.status = model::JobStatus::pending_failed;
    }
    m_outbox.add(std::move(attempt));
    return false;
  }
  if (failed.script_is_due) {
    start_script(std::move(failed));
    return false;
  }
  if (!m_exchange.retry(attempt.job, failed.rule->max_retries)) {
    m_outbox.add(std::move(attempt));
    return false;
  }
  m_log.info("job {} ({}) failed with return code {} and is retried", attempt.result.job_id, attempt.job.name, code);
  m_outbox.add_retried(std::move(attempt));
  return true;
}

/// Every failed attempt of this run has a result on the server.
bool Recovery::has_retry_left(const Attempt& attempt, const FailureRule& rule) {
  const auto& result = attempt.result;
  client::ResultFilter earlier;
  earlier.job_id = result.job_id;
  earlier.run_id = result.run_id;
  earlier.all_runs = true;
  const auto attempts = m_api.list_results(result.workflow_id, earlier).items;
  const auto failures = std::count_if(attempts.begin(), attempts.end(), [&](const model::Result& each) {
    return each.attempt_id != result.attempt_id && each.status == model::JobStatus::failed;
  });
  return failures < rule.max_retries;
}

void Recovery::start_script(Failed&& failed) {
  const model::Id id = failed.attempt.result.job_id;
  try {
    m_start_script(failed.attempt, failed.rule->recovery_script);
    failed.script_is_due = false;
    m_recovering.insert_or_assign(id, std::move(failed));
  } catch (const base::Error& error) {
    m_log.error("the recovery script of job {} ({}) cannot be started: {}", id, failed.attempt.job.name, error.what());
    m_outbox.add(std::move(failed.attempt));
  }
}

void Recovery::end_script(model::Id job_id, std::int64_t return_code) {
  auto node = m_recovering.extract(job_id);
  if (node.empty()) {
    return;
  }
  if (return_code != 0) {
    m_log.warning("the recovery script of job {} ({}) failed with {}", job_id, node.mapped().attempt.job.name,
                  return_code);
  }
  m_failed.push_back(std::move(node.mapped()));
}

void Recovery::clear() {
  m_failed.clear();
  m_recovering.clear();
}

std::vector<Attempt> Recovery::take_undecided() {
  std::vector<Attempt> attempts;
  for (auto& failed : m_failed) {
    attempts.push_back(std::move(failed.attempt));
  }
  m_failed.clear();
  return attempts;
}

}  // namespace torc::runner
