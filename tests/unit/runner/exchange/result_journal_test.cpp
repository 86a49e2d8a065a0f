#include "runner/exchange/result_journal.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "runner_support.hpp"

namespace torc::runner {
namespace {

using testing::TempDir;

model::Result result_of(model::Id job) {
  model::Result result;
  result.job_id = job;
  result.workflow_id = 3;
  result.run_id = 1;
  result.attempt_id = 2;
  result.compute_node_id = 7;
  result.return_code = 5;
  result.status = model::JobStatus::failed;
  return result;
}

class ResultJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<ResultJournal> journal(const std::string& server = "s", model::Id workflow = 3) {
    return std::make_unique<ResultJournal>(directory.path(), server, workflow, "host", log);
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      count += entry.path().extension() == ".jsonl" ? 1U : 0U;
    }
    return count;
  }

  const TempDir directory;
  RunnerLog log{directory.path() / "log"};
};

TEST_F(ResultJournalTest, ExistsOnlyWhileItHasEntries) {
  const auto own = journal();
  own->add(std::vector<model::Result>{});
  own->add(std::vector<ResultJournal::Requeue>{});
  EXPECT_EQ(files(), 0U);
  EXPECT_FALSE(ResultJournal::any_in(directory.path()));
  own->add(std::vector{result_of(1)});
  EXPECT_EQ(files(), 1U);
  EXPECT_TRUE(ResultJournal::any_in(directory.path()));
  EXPECT_FALSE(own->empty());
  own->clear();
  EXPECT_EQ(files(), 0U);
}

TEST_F(ResultJournalTest, IsTakenOverFromADeadRunner) {
  auto dead = journal();
  dead->add(std::vector{result_of(1)});
  dead->add(std::vector{result_of(2), result_of(3)});
  const auto heir = journal();
  EXPECT_TRUE(heir->take_over().results.empty()) << "its runner is alive";
  dead.reset();
  const auto results = heir->take_over().results;
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0].job_id, 1);
  EXPECT_EQ(results[2].job_id, 3);
  EXPECT_EQ(results[0].return_code, 5);
  EXPECT_EQ(results[0].attempt_id, 2);
  EXPECT_EQ(results[0].compute_node_id, 7);
  EXPECT_EQ(results[0].status, model::JobStatus::failed);
  EXPECT_TRUE(journal()->take_over().results.empty()) << "another runner has taken it over";
  heir->clear();
  EXPECT_EQ(files(), 0U);
}

TEST_F(ResultJournalTest, KeepsRequeueRequests) {
  model::Job job;
  job.id = 9;
  job.workflow_id = 3;
  job.name = "nine";
  job.attempt_id = 4;
  auto dead = journal();
  dead->add(std::vector<ResultJournal::Requeue>{{.job = job, .run_id = 2, .started = true, .time_is_over = true}});
  dead->add(std::vector{result_of(1)});
  dead.reset();
  const auto left = journal()->take_over();
  EXPECT_EQ(left.results.size(), 1U);
  ASSERT_EQ(left.requeues.size(), 1U);
  EXPECT_EQ(left.requeues[0].job.id, 9);
  EXPECT_EQ(left.requeues[0].job.attempt_id, 4);
  EXPECT_EQ(left.requeues[0].run_id, 2);
  EXPECT_TRUE(left.requeues[0].started);
  EXPECT_TRUE(left.requeues[0].time_is_over);
}

TEST_F(ResultJournalTest, IgnoresJournalsOfOtherWorkflowsAndServers) {
  journal("other", 3)->add(std::vector{result_of(1)});
  journal("s", 33)->add(std::vector{result_of(1)});
  EXPECT_TRUE(journal()->take_over().results.empty());
  EXPECT_EQ(files(), 2U);
}

TEST_F(ResultJournalTest, IgnoresAnIncompleteLine) {
  std::filesystem::path path;
  {
    const auto dead = journal();
    dead->add(std::vector{result_of(1)});
    path = dead->path();
  }
  std::ofstream(path, std::ios::app) << R"({"job_id": 2, "workf)";
  EXPECT_EQ(journal()->take_over().results.size(), 1U);
}

}  // namespace
}  // namespace torc::runner
