#include "runner/exchange/outbox.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using testing::Calls;
using testing::job_of;

class OutboxTest : public testing::ExchangeTest {
 protected:
  struct Delivered {
    model::Id job{0};
    bool on_record{false};
    bool is_inherited{false};

    bool operator==(const Delivered&) const = default;
  };

  static EndedJob ended_job(model::Id id) {
    EndedJob ended;
    ended.job = job_of(id);
    ended.run_id = testing::k_run;
    return ended;
  }
  Attempt attempt(model::Id id) const { return attempt_of(exchange.result_owner(), ended_job(id)); }
  std::unique_ptr<ResultJournal> new_journal() {
    return std::make_unique<ResultJournal>(directory.path(), "server", testing::k_workflow, "host", log);
  }
  /// The content of the journal after the end of its runner.
  ResultJournal::Left take_journal() {
    journal.reset();
    return new_journal()->take_over();
  }

  std::unique_ptr<ResultJournal> journal = new_journal();
  std::vector<Delivered> delivered;
  Outbox outbox{api, exchange, *journal, log, [this](const Outbox::Delivery& delivery) {
                  delivered.push_back({.job = delivery.attempt.job.id.value_or(0),
                                       .on_record = delivery.on_record,
                                       .is_inherited = delivery.is_inherited});
                }};
};

TEST_F(OutboxTest, DeliversSeveralResultsInOneCall) {
  outbox.add(attempt(1));
  outbox.add(attempt(2));
  EXPECT_TRUE(outbox.has_results());
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 2 jobs"}));
  EXPECT_EQ(delivered, (std::vector<Delivered>{{1, true, false}, {2, true, false}}));
  EXPECT_FALSE(outbox.has_results());
}

TEST_F(OutboxTest, DeliversOneByOneIfTheServerHasNoBatches) {
  api.capabilities.clear();
  outbox.add(attempt(1));
  outbox.add(attempt(2));
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 completed", "complete 2 completed"}));
}

TEST_F(OutboxTest, KeepsResultsUntilTheServerAnswers) {
  outbox.add(attempt(1));
  api.is_away = true;
  EXPECT_THROW(outbox.deliver(), base::ApiError);
  EXPECT_TRUE(outbox.has_results());
  api.is_away = false;
  api.take_calls();
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 completed"}));
  EXPECT_EQ(delivered.size(), 1U);
}

TEST_F(OutboxTest, ReportsResultsThatTheServerRefuses) {
  api.refusals[2] = "another attempt is under way";
  for (const model::Id id : {1, 2}) {
    outbox.add(attempt(id));
  }
  outbox.deliver();
  EXPECT_EQ(delivered, (std::vector<Delivered>{{1, true, false}, {2, false, false}}));
}

TEST_F(OutboxTest, EmitsAnEventWithAResultThatNeedsOne) {
  auto with_event = attempt(1);
  with_event.event_type = "job_output_missing";
  outbox.add(std::move(with_event));
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 completed", "create_event job_output_missing"}));
}

TEST_F(OutboxTest, RecordsAttemptsThatWereRetriedAfterTheResults) {
  outbox.add_retried(attempt(1));
  outbox.add(attempt(2));
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 2 completed", "create_result 1"}));
  EXPECT_EQ(delivered.size(), 1U);
}

TEST_F(OutboxTest, RequeuesUnfinishedJobs) {
  outbox.add_requeue(ended_job(1));
  EXPECT_TRUE(outbox.requeue_next(/*time_is_over=*/false, 152));
  EXPECT_EQ(api.take_calls(), (Calls{"retry 1"}));
  EXPECT_FALSE(outbox.has_requeues());
}

TEST_F(OutboxTest, TerminatesAJobThatTheTimeLimitEndedTooOften) {
  api.refusals[1] = "3 times before";
  api.at_work = {job_of(1)};
  outbox.add_requeue(ended_job(1));
  EXPECT_FALSE(outbox.requeue_next(/*time_is_over=*/true, 152));
  api.refusals.clear();
  api.take_calls();
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 terminated"}));
}

TEST_F(OutboxTest, ForgetsAJobThatAnotherRunnerOwns) {
  api.refusals[1] = "not running";
  outbox.add_requeue(ended_job(1));
  EXPECT_FALSE(outbox.requeue_next(/*time_is_over=*/false, 152));
  EXPECT_FALSE(outbox.has_requeues());
  EXPECT_FALSE(outbox.has_results());
}

TEST_F(OutboxTest, KeepsARequeueUntilTheServerAnswers) {
  outbox.add_requeue(ended_job(1));
  api.is_away = true;
  EXPECT_THROW(outbox.requeue_next(/*time_is_over=*/false, 152), base::ApiError);
  EXPECT_TRUE(outbox.has_requeues());
}

TEST_F(OutboxTest, CancelsRequeues) {
  outbox.add_requeue(ended_job(1));
  outbox.cancel_requeues(143);
  EXPECT_FALSE(outbox.has_requeues());
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 canceled"}));
}

TEST_F(OutboxTest, RecordsEachResultOnce) {
  outbox.add(attempt(1));
  outbox.record_results();
  outbox.add(attempt(2));
  outbox.record_results();
  outbox.record_results();
  const auto left = take_journal();
  ASSERT_EQ(left.results.size(), 2U);
  EXPECT_EQ(left.results[1].job_id, 2);
}

TEST_F(OutboxTest, ClearsTheJournalAfterDelivery) {
  outbox.add(attempt(1));
  outbox.record_results();
  EXPECT_FALSE(journal->empty());
  outbox.deliver();
  EXPECT_TRUE(journal->empty());
}

TEST_F(OutboxTest, RecordsRequeuesForTheNextRunner) {
  outbox.add_requeue(ended_job(1));
  outbox.record_requeues({job_of(2, JobStatus::pending)}, /*time_is_over=*/true);
  const auto left = take_journal();
  ASSERT_EQ(left.requeues.size(), 2U);
  EXPECT_TRUE(left.requeues[0].started && left.requeues[0].time_is_over);
  EXPECT_EQ(left.requeues[1].job.id, 2);
  EXPECT_FALSE(left.requeues[1].started);
}

TEST_F(OutboxTest, DeliversTheJournalOfAnEarlierRunner) {
  ResultJournal::Left left;
  left.results.push_back(attempt(1).result);
  left.requeues.push_back({.job = job_of(2), .run_id = testing::k_run, .started = true});
  outbox.load(std::move(left));
  api.left_job = job_of(2);
  outbox.deliver();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 completed", "get_job 2", "retry 2"}));
  EXPECT_EQ(delivered, (std::vector<Delivered>{{1, true, true}}));
}

}  // namespace
}  // namespace torc::runner
