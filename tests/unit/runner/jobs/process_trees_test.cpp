#include "runner/jobs/process_trees.hpp"

#include <poll.h>
#include <signal.h>

#include <gtest/gtest.h>

#include "runner_support.hpp"
#include "torc/proc/process_tree_guard.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using testing::lives;
using testing::pid_in;
using testing::TempDir;
using testing::wait_until;

/// Process trees of jobs without a runner; this process is the subreaper.
class ProcessTreesTest : public ::testing::Test {
 protected:
  proc::Child start(const JobKey& key, const std::string& command) {
    auto environment = own_environment();
    environment.push_back("TORC_WORKFLOW_ID=" + std::to_string(key.workflow_id));
    environment.push_back("TORC_JOB_ID=" + std::to_string(key.job_id));
    environment.push_back("TORC_ATTEMPT_ID=" + std::to_string(key.attempt_id));
    proc::Child child = proc::Child::spawn({.argv = {"bash", "-c", command}, .env = environment, .new_session = true});
    trees.started(child.pid(), key);
    return child;
  }

  /// Reaps the leader and reports it to the trees.
  proc::ExitStatus reap(proc::Child& child) {
    const pid_t leader = child.pid();
    const auto status = child.wait();
    trees.leader_ended(leader);
    return status;
  }

  bool sweep_until_clean() {
    return wait_until([&] { return !trees.reap().has_value(); });
  }

  const proc::ProcessTreeGuard guard;
  const TempDir directory;
  ProcessTrees trees{SIGTERM};
  const JobKey one{.workflow_id = 1, .job_id = 1, .attempt_id = 1};
  const JobKey two{.workflow_id = 1, .job_id = 2, .attempt_id = 1};
};

TEST_F(ProcessTreesTest, HasNothingToDoForAJobWithoutLeftovers) {
  proc::Child child = start(one, "true");
  reap(child);
  EXPECT_EQ(trees.reap(), std::nullopt);
  EXPECT_FALSE(trees.ending());
}

TEST_F(ProcessTreesTest, EndsWhatAFinishedJobLeavesInItsSession) {
  proc::Child child = start(one, "sleep 60 & echo $! >" + directory.file("pid"));
  const pid_t left = pid_in(directory.file("pid"));
  EXPECT_TRUE(reap(child).ok());
  EXPECT_TRUE(lives(left));
  EXPECT_TRUE(trees.reap());
  EXPECT_TRUE(sweep_until_clean());
  EXPECT_FALSE(lives(left));
}

TEST_F(ProcessTreesTest, EndsADaemonOfAFinishedJobButNotThatOfARunningOne) {
  proc::Child finished = start(one, TORC_HELPER_DAEMONIZE " " + directory.file("one") + " ignore-term");
  proc::Child running = start(two, TORC_HELPER_DAEMONIZE " " + directory.file("two") + "; sleep 60");
  const pid_t left = pid_in(directory.file("one"));
  const pid_t in_use = pid_in(directory.file("two"));
  reap(finished);
  EXPECT_TRUE(sweep_until_clean()) << "it ignores SIGTERM, so SIGKILL must follow";
  EXPECT_FALSE(lives(left));
  EXPECT_TRUE(lives(in_use));
  EXPECT_TRUE(running.running());

  trees.end(running.pid(), milliseconds(5'000));
  trees.reap();
  EXPECT_EQ(reap(running).code, SIGTERM);
  EXPECT_TRUE(sweep_until_clean());
  EXPECT_FALSE(lives(in_use));
}

TEST_F(ProcessTreesTest, EndsAWholeTreeThatIgnoresTermination) {
  proc::Child child = start(one, "trap '' TERM; (setsid bash -c \"trap '' TERM; echo \\$\\$ >" + directory.file("pid") +
                                     "; while :; do sleep 60; done\") & while :; do sleep 60; done");
  const pid_t inner = pid_in(directory.file("pid"));
  trees.end(child.pid(), milliseconds(50));
  EXPECT_TRUE(trees.ending());
  pollfd ended{child.end_fd(), POLLIN, 0};
  EXPECT_TRUE(wait_until([&] {
    trees.reap();
    return ::poll(&ended, 1, 0) == 1;
  }));
  EXPECT_TRUE(trees.ending()) << "it ends only when the leader is reaped";
  EXPECT_EQ(reap(child).code, SIGKILL);
  EXPECT_TRUE(sweep_until_clean());
  EXPECT_FALSE(lives(inner));
}

TEST_F(ProcessTreesTest, EndsStoppedProcesses) {
  proc::Child child = start(one, "echo $$ >" + directory.file("pid") + "; kill -STOP $$; sleep 60");
  pid_in(directory.file("pid"));
  trees.end(child.pid(), milliseconds(10'000));
  trees.reap();
  EXPECT_EQ(reap(child).code, SIGTERM);
  EXPECT_TRUE(sweep_until_clean());
}

TEST(ProcessTreeGuard, LeavesNothingBelowThisProcess) {
  const TempDir directory;
  {
    const proc::ProcessTreeGuard guard;
    proc::Child child = proc::Child::spawn(
        {.argv = {"env", "-i", TORC_HELPER_DAEMONIZE, directory.file("pid"), "ignore-term"}, .new_session = true});
    child.wait();
    EXPECT_TRUE(lives(pid_in(directory.file("pid"))));
  }
  EXPECT_FALSE(lives(pid_in(directory.file("pid"))));
  EXPECT_TRUE(proc::descendants(::getpid()).empty());
}

}  // namespace
}  // namespace torc::runner
