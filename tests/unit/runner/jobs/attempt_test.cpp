#include "runner/jobs/attempt.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

using model::JobStatus;

constexpr ResultOwner k_owner{.workflow_id = 7, .compute_node_id = 3};

EndedJob ended_job(std::int64_t return_code) {
  EndedJob ended;
  ended.job.id = 42;
  ended.job.attempt_id = 2;
  ended.run_id = 5;
  ended.return_code = return_code;
  ended.ran = std::chrono::seconds(90);
  return ended;
}

TEST(Attempt, HasTheResultOfItsJob) {
  const Attempt attempt = attempt_of(k_owner, ended_job(0));
  EXPECT_EQ(attempt.job.id, 42);
  EXPECT_EQ(attempt.result.job_id, 42);
  EXPECT_EQ(attempt.result.workflow_id, 7);
  EXPECT_EQ(attempt.result.compute_node_id, 3);
  EXPECT_EQ(attempt.result.run_id, 5);
  EXPECT_EQ(attempt.result.attempt_id, 2);
  EXPECT_DOUBLE_EQ(attempt.result.exec_time_minutes, 1.5);
  EXPECT_EQ(attempt.result.status, JobStatus::completed);
  EXPECT_TRUE(attempt.event_type.empty());
  EXPECT_EQ(attempt_of(k_owner, ended_job(1)).result.status, JobStatus::failed);
}

TEST(Attempt, IsTerminatedAfterItsRunTime) {
  auto ended = ended_job(152);
  ended.reason = EndReason::run_time;
  const Attempt attempt = attempt_of(k_owner, std::move(ended));
  EXPECT_EQ(attempt.result.status, JobStatus::terminated);
  EXPECT_EQ(attempt.result.return_code, 152);
}

TEST(Attempt, HasAnEventIfTheJobExceededItsMemory) {
  auto ended = ended_job(137);
  ended.reason = EndReason::memory;
  ended.excess_bytes = 3 << 20;
  ended.memory_limit = 2 << 20;
  ended.usage = metrics::JobSummary{};
  ended.usage->usage.samples = 1;
  ended.usage->usage.peak_memory_bytes = 1 << 20;
  const Attempt attempt = attempt_of(k_owner, std::move(ended));
  EXPECT_EQ(attempt.result.status, JobStatus::failed);
  EXPECT_EQ(attempt.result.peak_memory_bytes, 3 << 20);
  EXPECT_EQ(attempt.event_type, "job_exceeded_memory");
  EXPECT_NE(attempt.message.find("it was killed"), std::string::npos) << attempt.message;
}

TEST(Attempt, HasNoMemoryIfTheJobWasTooShortToBeSampled) {
  auto ended = ended_job(0);
  ended.usage = metrics::JobSummary{};
  EXPECT_FALSE(attempt_of(k_owner, std::move(ended)).result.peak_memory_bytes.has_value());
}

}  // namespace
}  // namespace torc::runner
