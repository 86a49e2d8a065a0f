#include "runner/jobs/unverified_jobs.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "runner_support.hpp"
#include "torc/base/file.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;

class UnverifiedJobsTest : public ::testing::Test {
 protected:
  void add(model::Id id, const std::string& output) {
    EndedJob ended;
    ended.job.id = id;
    jobs.add({.attempt = attempt_of({}, std::move(ended)), .files_of_success = {"stdout"}},
             {{.name = output, .path = directory.path() / output}});
  }
  std::vector<UnverifiedJobs::Job> verified() {
    EXPECT_TRUE(testing::wait_until([this] { return checked.load(); }));
    return jobs.take_verified();
  }

  const testing::TempDir directory;
  RunnerLog log{directory.file("runner.log")};
  std::atomic<bool> checked{false};
  UnverifiedJobs jobs{log, [this] { checked = true; }};
};

TEST_F(UnverifiedJobsTest, CompletesAJobWithItsOutputs) {
  base::write_file_atomically(directory.file("out"), "x");
  add(1, "out");
  EXPECT_FALSE(jobs.empty());
  const auto done = verified();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].attempt.result.status, JobStatus::completed);
  EXPECT_EQ(done[0].files_of_success, (std::vector<std::string>{"stdout"}));
  EXPECT_TRUE(jobs.empty());
}

TEST_F(UnverifiedJobsTest, FailsAJobWithoutAnOutput) {
  add(1, "out");
  const auto done = verified();
  ASSERT_EQ(done.size(), 1U);
  const Attempt& attempt = done[0].attempt;
  EXPECT_EQ(attempt.result.status, JobStatus::failed);
  EXPECT_EQ(attempt.result.return_code, 1);
  EXPECT_EQ(attempt.event_type, "job_output_missing");
  EXPECT_EQ(attempt.details.at("files").at(0).at("name"), "out");
}

TEST_F(UnverifiedJobsTest, IgnoresChecksOfRemovedJobs) {
  add(1, "out");
  EXPECT_EQ(jobs.take_unverified().size(), 1U);
  EXPECT_TRUE(jobs.empty());
  EXPECT_TRUE(verified().empty());
}

}  // namespace
}  // namespace torc::runner
