#include "runner/exchange/recovery.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using testing::Calls;
using testing::job_of;

class RecoveryTest : public testing::ExchangeTest {
 protected:
  RecoveryTest() {
    model::FailureHandler handler;
    handler.id = 1;
    handler.rules = R"([{"exit_codes":[10],"recovery_script":"./fix.sh","max_retries":2},{"exit_codes":[11]}])";
    api.failure_handlers = {handler};
  }

  Attempt failed(model::Id id, std::int64_t return_code, bool has_handler = true) const {
    EndedJob ended;
    ended.job = job_of(id);
    ended.run_id = testing::k_run;
    ended.return_code = return_code;
    if (has_handler) {
      ended.job.failure_handler_id = 1;
    }
    return attempt_of(exchange.result_owner(), std::move(ended));
  }
  /// The calls made by a decision.
  Calls decide() {
    api.take_calls();
    any_retried = recovery.decide();
    return api.take_calls();
  }
  /// The calls that report the decisions.
  Calls deliver() {
    api.take_calls();
    outbox.deliver();
    return api.take_calls();
  }

  ResultJournal journal{directory.path(), "server", testing::k_workflow, "host", log};
  Outbox outbox{api, exchange, journal, log, [](const Outbox::Delivery&) {}};
  std::vector<std::string> scripts;
  bool can_start{true};
  bool any_retried{false};
  Recovery recovery{api,
                    exchange,
                    outbox,
                    log,
                    /*use_pending_failed=*/false,
                    [this](const Attempt& attempt, const std::string& script) {
                      if (!can_start) {
                        throw base::Error("no such interpreter");
                      }
                      scripts.push_back(attempt.job.name + ": " + script);
                    }};
};

TEST_F(RecoveryTest, ReportsAJobWithoutAHandler) {
  recovery.add(failed(1, 10, /*has_handler=*/false));
  EXPECT_FALSE(recovery.empty());
  EXPECT_EQ(decide(), (Calls{"list_failure_handlers"}));
  EXPECT_TRUE(recovery.empty());
  EXPECT_EQ(deliver(), (Calls{"complete 1 failed"}));
}

TEST_F(RecoveryTest, ReportsAJobIfNoRuleMatches) {
  recovery.add(failed(1, 99));
  decide();
  EXPECT_FALSE(any_retried);
  EXPECT_EQ(deliver(), (Calls{"complete 1 failed"}));
}

TEST_F(RecoveryTest, UsesPendingFailedIfTheWorkflowWantsThat) {
  Recovery open(api, exchange, outbox, log, /*use_pending_failed=*/true, [](const Attempt&, const std::string&) {});
  open.add(failed(1, 99));
  open.decide();
  EXPECT_EQ(deliver(), (Calls{"complete 1 pending_failed"}));
}

TEST_F(RecoveryTest, RetriesAJob) {
  recovery.add(failed(1, 11));
  EXPECT_EQ(decide(), (Calls{"list_failure_handlers", "retry 1"}));
  EXPECT_TRUE(any_retried);
  EXPECT_EQ(deliver(), (Calls{"create_result 1"}));
}

TEST_F(RecoveryTest, ReportsAJobWithoutRetriesLeft) {
  api.refusals[1] = "max_retries exceeded";
  recovery.add(failed(1, 11));
  decide();
  EXPECT_FALSE(any_retried);
  api.refusals.clear();
  EXPECT_EQ(deliver(), (Calls{"complete 1 failed"}));
}

TEST_F(RecoveryTest, RunsTheScriptBeforeTheRetry) {
  recovery.add(failed(1, 10));
  EXPECT_EQ(decide(), (Calls{"list_failure_handlers", "list_results 1"}));
  EXPECT_EQ(scripts, (std::vector<std::string>{"job1: ./fix.sh"}));
  EXPECT_TRUE(recovery.empty());
  EXPECT_EQ(decide(), Calls{}) << "the script is still running";
  recovery.end_script(1, /*return_code=*/1);
  EXPECT_FALSE(recovery.empty());
  EXPECT_EQ(decide(), (Calls{"retry 1"}));
  EXPECT_EQ(scripts.size(), 1U);
}

TEST_F(RecoveryTest, RunsNoScriptIfNoRetryIsLeft) {
  for (const std::int64_t attempt : {5, 6}) {
    model::Result earlier;
    earlier.job_id = 1;
    earlier.attempt_id = attempt;
    earlier.status = model::JobStatus::failed;
    api.earlier_results.push_back(earlier);
  }
  api.refusals[1] = "max_retries exceeded";
  recovery.add(failed(1, 10));
  EXPECT_EQ(decide(), (Calls{"list_failure_handlers", "list_results 1", "retry 1"}));
  EXPECT_TRUE(scripts.empty());
}

TEST_F(RecoveryTest, ReportsAJobWhoseScriptCannotBeStarted) {
  can_start = false;
  recovery.add(failed(1, 10));
  decide();
  EXPECT_EQ(deliver(), (Calls{"complete 1 failed"}));
}

TEST_F(RecoveryTest, KeepsAJobUntilTheServerAnswers) {
  recovery.add(failed(1, 11));
  api.is_away = true;
  EXPECT_THROW(recovery.decide(), base::ApiError);
  EXPECT_FALSE(recovery.empty());
  api.is_away = false;
  decide();
  EXPECT_TRUE(any_retried);
}

TEST_F(RecoveryTest, RunsTheScriptEvenIfTheServerDidNotAnswerAtFirst) {
  api.unanswered = "list_results 1";
  recovery.add(failed(1, 10));
  EXPECT_THROW(recovery.decide(), base::ApiError);
  api.unanswered.clear();
  decide();
  EXPECT_EQ(scripts, (std::vector<std::string>{"job1: ./fix.sh"}));
}

TEST_F(RecoveryTest, ForgetsAJobThatWasClaimedAgain) {
  recovery.add(failed(1, 10));
  decide();
  recovery.forget(1);
  recovery.end_script(1, 0);
  EXPECT_TRUE(recovery.empty());
}

TEST_F(RecoveryTest, ReturnsUndecidedJobs) {
  recovery.add(failed(1, 11));
  recovery.add(failed(2, 11));
  const auto undecided = recovery.take_undecided();
  ASSERT_EQ(undecided.size(), 2U);
  EXPECT_EQ(undecided[1].job.id, 2);
  EXPECT_TRUE(recovery.empty());
}

}  // namespace
}  // namespace torc::runner
