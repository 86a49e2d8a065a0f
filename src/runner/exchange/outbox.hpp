#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/result_journal.hpp"
#include "runner/jobs/attempt.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// Messages about jobs that the server has not received: results, retried attempts, and jobs to requeue. An entry stays
/// until the server has answered, so every call may be repeated. One thread.
class Outbox {
 public:
  struct Delivery {
    const Attempt& attempt;
    bool on_record{false};     ///< Whether the server has the result; otherwise it refused it.
    bool is_inherited{false};  ///< Whether it comes from an earlier runner.
  };
  using OnDelivered = std::function<void(const Delivery&)>;

  /// @param on_delivered  Called for each result that the server has accepted or refused.
  Outbox(client::Api& api, JobExchange& exchange, ResultJournal& journal, RunnerLog& log, OnDelivered on_delivered)
      : m_api(api), m_exchange(exchange), m_journal(journal), m_log(log), m_on_delivered(std::move(on_delivered)) {}

  /// Adds the results and requeues that earlier runners left in the journal.
  void load(ResultJournal::Left&& left);
  /// Adds an attempt that ended its job.
  void add(Attempt&& attempt);
  /// Adds an attempt whose job runs again.
  void add_retried(Attempt&& attempt) { m_retried.push_back(std::move(attempt)); }
  /// Adds a started job that this runner did not finish.
  void add_requeue(EndedJob&& ended) { m_requeues.push_back(std::move(ended)); }

  bool has_results() const { return !m_results.empty(); }
  bool has_requeues() const { return !m_requeues.empty(); }

  /// Delivers everything except the requeues, with as many results per call as the server accepts, and clears the
  /// journal.
  /// @throws base::ApiError if the server does not answer
  void deliver();

  /// Requeues one job. If the server refuses because time limits of runners have ended the job too often, its result is
  /// added instead.
  /// @param time_is_over     Whether the job was ended because of the runner's time limit.
  /// @param terminated_code  The return code of that result.
  /// @returns whether the job was requeued
  /// @throws base::ApiError if the server does not answer; the job stays here then
  bool requeue_next(bool time_is_over, std::int64_t terminated_code);

  /// Turns the requeues into results of canceled jobs.
  void cancel_requeues(std::int64_t return_code);

  /// Writes results that are not yet in the journal to it.
  void record_results();
  /// Writes the requeues and the claimed jobs to the journal.
  void record_requeues(const std::deque<model::Job>& claimed, bool time_is_over);

 private:
  struct Entry {
    Attempt attempt{};
    bool is_journaled{false};
    bool is_inherited{false};
  };

  void deliver_results();
  void emit_event(const Attempt& attempt);

  client::Api& m_api;
  JobExchange& m_exchange;
  ResultJournal& m_journal;
  RunnerLog& m_log;
  OnDelivered m_on_delivered;
  std::deque<Entry> m_results;
  std::deque<Attempt> m_retried;
  std::vector<EndedJob> m_requeues;
  std::deque<ResultJournal::Requeue> m_inherited_requeues;
};

}  // namespace torc::runner
