#include "torc/model/job_status.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace torc::model {
namespace {

TEST(JobStatus, HasTheNumbersOfTheDatabase) {
  int number = 0;
  for (const JobStatus status : k_job_statuses) {
    EXPECT_EQ(static_cast<int>(status), number++) << to_string(status);
  }
  EXPECT_EQ(number, 11);
}

TEST(JobStatus, RoundTripsThroughItsName) {
  std::set<std::string> names;
  for (const JobStatus status : k_job_statuses) {
    JobStatus parsed = JobStatus::disabled;
    EXPECT_TRUE(parse(to_string(status), parsed));
    EXPECT_EQ(parsed, status);
    EXPECT_TRUE(names.insert(to_string(status)).second) << to_string(status);
  }
}

TEST(JobStatus, IsUnchangedByAnUnknownName) {
  JobStatus status = JobStatus::running;
  EXPECT_FALSE(parse("Running", status));
  EXPECT_FALSE(parse("", status));
  EXPECT_EQ(status, JobStatus::running);
}

TEST(JobStatus, IsFinalIfNothingMoreHappens) {
  std::set<std::string> final_ones;
  for (const JobStatus status : k_job_statuses) {
    if (is_final(status)) {
      final_ones.insert(to_string(status));
    }
  }
  EXPECT_EQ(final_ones, (std::set<std::string>{"completed", "failed", "canceled", "terminated", "disabled"}));
}

}  // namespace
}  // namespace torc::model
