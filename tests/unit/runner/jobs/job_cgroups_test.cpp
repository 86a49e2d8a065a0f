#include "runner/jobs/job_cgroups.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "made_up_tree.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

using testing::MadeUpTree;
using testing::TempDir;
using testing::wait_until;

constexpr JobKey k_key{.workflow_id = 3, .job_id = 7, .attempt_id = 2};

std::string tree_name(pid_t pid) {
  return "torc-" + std::to_string(pid) + "-" + std::to_string(proc::start_ticks(pid).value());
}

class JobCgroupsInMadeUpTree : public ::testing::Test {
 protected:
  JobCgroups& make() {
    cgroups = std::make_unique<JobCgroups>(tree.places(), log);
    return *cgroups;
  }
  std::filesystem::path groups_of_runner() const { return tree.own() / tree_name(::getpid()); }
  std::string log_text() const { return base::read_file(temporary.path() / "log"); }
  std::size_t count_in_log(const std::string& text) const {
    std::size_t count = 0;
    for (const auto& line : base::split_lines(log_text())) {
      count += line.find(text) == std::string::npos ? 0 : 1;
    }
    return count;
  }
  static proc::Child start(const JobCgroups::Group& group, const std::string& command = "true") {
    return proc::Child::spawn({.argv = {"sh", "-c", command}, .join_fd = group.procs.get(), .new_session = true});
  }
  /// Reaps until no group is left to be removed. @returns whether it succeeded in time
  bool reap_to_the_end() {
    return wait_until([this] { return !cgroups->reap([](pid_t) { return false; }); });
  }

  const TempDir temporary;
  const MadeUpTree tree{temporary.path() / "tree"};
  RunnerLog log{temporary.path() / "log"};
  std::unique_ptr<JobCgroups> cgroups;
};

TEST_F(JobCgroupsInMadeUpTree, MoveTheRunnerAndEnableTheControllers) {
  ASSERT_TRUE(make().usable());
  EXPECT_EQ(MadeUpTree::read(groups_of_runner() / "runner/cgroup.procs"), std::to_string(::getpid()) + "\n");
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.subtree_control"), "+cpu +memory");
  EXPECT_EQ(MadeUpTree::read(groups_of_runner() / "cgroup.subtree_control"), "+cpu +memory");
  EXPECT_EQ(count_in_log("cgroups below " + groups_of_runner().string()), 1U);
}

TEST_F(JobCgroupsInMadeUpTree, RestoreTheOriginalState) {
  make();
  ASSERT_TRUE(cgroups->make(k_key, {}));
  MadeUpTree::write(tree.own() / "cgroup.procs", "");  // The kernel removes a process from this file when it moves.
  cgroups.reset();
  EXPECT_TRUE(tree.groups().empty());
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.subtree_control"), "-cpu -memory");
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.procs"), std::to_string(::getpid()) + "\n");
}

TEST_F(JobCgroupsInMadeUpTree, HaveTheLimitsOfTheJob) {
  const auto group = make().make(k_key, {.memory_bytes = 30 << 20, .cpus = 3});
  ASSERT_TRUE(group);
  EXPECT_EQ(group->directory, groups_of_runner() / "job-7-2-1");
  EXPECT_EQ(group->memory_limit, 30 << 20);
  EXPECT_EQ(MadeUpTree::read(group->directory / "memory.max"), "31457280");
  EXPECT_EQ(MadeUpTree::read(group->directory / "memory.swap.max"), "0");
  EXPECT_EQ(MadeUpTree::read(group->directory / "memory.oom.group"), "1");
  EXPECT_EQ(MadeUpTree::read(group->directory / "cpu.max"), "300000 100000");
}

TEST_F(JobCgroupsInMadeUpTree, HaveNoLimitsForAJobWithoutLimits) {
  const auto group = make().make(k_key, {});
  ASSERT_TRUE(group);
  EXPECT_EQ(group->memory_limit, std::nullopt);
  EXPECT_EQ(MadeUpTree::read(group->directory / "memory.max"), "absent");
  EXPECT_EQ(MadeUpTree::read(group->directory / "cpu.max"), "absent");
}

TEST_F(JobCgroupsInMadeUpTree, UseTheAvailableController) {
  MadeUpTree::write(tree.own() / "cgroup.controllers", "io cpu\n");
  const auto group = make().make(k_key, {.memory_bytes = 30 << 20, .cpus = 1});
  ASSERT_TRUE(group);
  EXPECT_EQ(group->memory_limit, std::nullopt) << "sampling must enforce it";
  EXPECT_EQ(MadeUpTree::read(group->directory / "memory.max"), "absent");
  EXPECT_EQ(MadeUpTree::read(group->directory / "cpu.max"), "100000 100000");
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.subtree_control"), "+cpu");
  EXPECT_EQ(count_in_log("(cpu) enforce the limits of jobs, except memory limits"), 1U);
}

TEST_F(JobCgroupsInMadeUpTree, AreNotUsedIfSomethingIsMissing) {
  namespace fs = std::filesystem;
  const fs::path own = tree.own();
  const std::string pid = std::to_string(::getpid()) + "\n";
  const std::vector<std::pair<std::string, std::function<void()>>> cases{
      {"cgroup v2 of this process is not visible",
       [&] { MadeUpTree::write(tree.places().own, "4:memory:/user/own\n"); }},
      {"cgroup v2 of this process is not visible", [&] { MadeUpTree::write(tree.places().mounts, ""); }},
      {"cgroup.controllers", [&] { fs::remove(own / "cgroup.controllers"); }},
      {"neither the cpu nor the memory controller",
       [&] { MadeUpTree::write(own / "cgroup.controllers", "hugetlb\n"); }},
      {"other processes are in", [&] { MadeUpTree::write(own / "cgroup.procs", pid + "1\n"); }},
      {"other processes are in", [&] { MadeUpTree::write(own / "cgroup.procs", pid + "0\n"); }},
      {"cgroup.procs", [&] { fs::remove(own / "cgroup.procs"); }},
      {"cannot create", [&] { MadeUpTree::write(groups_of_runner(), "in the way"); }},
      {"cgroup.subtree_control: Is a directory",
       [&] {
         fs::remove(own / "cgroup.subtree_control");
         fs::create_directory(own / "cgroup.subtree_control");
       }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& [reason, spoil] = cases[i];
    SCOPED_TRACE(reason + " " + std::to_string(i));
    fs::remove_all(temporary.path() / "tree");
    const MadeUpTree whole{temporary.path() / "tree"};
    spoil();
    EXPECT_FALSE(make().usable());
    EXPECT_FALSE(cgroups->make(k_key, {.memory_bytes = 1 << 20, .cpus = 1}));
    EXPECT_EQ(cgroups->reap([](pid_t) { return false; }), std::nullopt);
    EXPECT_EQ(count_in_log("memory limits of jobs are enforced by sampling, not by cgroups: "), i + 1);
    EXPECT_NE(base::split_lines(log_text()).back().find(reason), std::string::npos) << log_text();
    cgroups.reset();
    EXPECT_FALSE(fs::is_directory(groups_of_runner()));
  }
}

TEST_F(JobCgroupsInMadeUpTree, AreRemovedIfTheControllersAreRefused) {
  std::filesystem::remove(tree.own() / "cgroup.subtree_control");
  std::filesystem::create_directory(tree.own() / "cgroup.subtree_control");
  make();
  const std::string pid = std::to_string(::getpid()) + "\n";
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.procs"), pid + pid) << "the second write must move it back";
}

TEST_F(JobCgroupsInMadeUpTree, RemoveWhatDeadRunnersLeft) {
  namespace fs = std::filesystem;
  proc::Child ended = proc::Child::spawn({.argv = {"true"}});
  const std::string of_dead = tree_name(ended.pid());
  ended.wait();
  const proc::Child alive = proc::Child::spawn({.argv = {"sleep", "60"}});
  const std::string of_living = tree_name(alive.pid());
  const std::string of_number =
      "torc-" + std::to_string(alive.pid()) + "-1";  // The pid of a dead runner that was reused.
  for (const auto& name : {of_dead, of_living, of_number, std::string("torc-x"), std::string("other.scope")}) {
    fs::create_directories(tree.own() / name / "job-1-1-1");
    MadeUpTree::write(tree.own() / name / "job-1-1-1/memory.max", "1");
    fs::create_directories(tree.own() / name / "runner");
  }
  make();
  EXPECT_FALSE(fs::exists(tree.own() / of_dead));
  EXPECT_FALSE(fs::exists(tree.own() / of_number));
  EXPECT_TRUE(fs::exists(tree.own() / of_living / "job-1-1-1/memory.max"));
  EXPECT_TRUE(fs::exists(tree.own() / "torc-x/runner"));
  EXPECT_TRUE(fs::exists(tree.own() / "other.scope/runner"));
  EXPECT_TRUE(cgroups->usable());
}

TEST_F(JobCgroupsInMadeUpTree, ContainTheJobFromItsStartAndAreRemovedAfterIt) {
  auto group = make().make(k_key, {.memory_bytes = 30 << 20, .cpus = {}});
  ASSERT_TRUE(group);
  const auto directory = group->directory;
  proc::Child child = start(*group);
  const pid_t pid = child.pid();
  EXPECT_TRUE(cgroups->started(std::move(*group), child));
  EXPECT_EQ(MadeUpTree::read(directory / "cgroup.procs"), std::to_string(pid));
  child.wait();
  EXPECT_EQ(cgroups->ended(pid), std::nullopt) << "without memory.events, no kill is reported";
  EXPECT_TRUE(reap_to_the_end());
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_TRUE(std::filesystem::exists(groups_of_runner() / "runner"));
}

TEST_F(JobCgroupsInMadeUpTree, ReportAKillBecauseOfTheJobsOwnLimit) {
  struct Case {
    std::string events, local, peak;
    std::optional<std::int64_t> used;
  };
  const std::int64_t limit = 30 << 20;
  const std::vector<Case> cases{
      {"low 0\noom 1\noom_kill 2\n", "oom 1\noom_kill 2\n", "31000000\n", 31'000'000},
      {"oom 1\noom_kill 1\n", "absent", "absent", limit},
      {"oom 0\noom_kill 0\n", "oom 0\n", "31457280\n", std::nullopt},
      {"oom 1\noom_kill 1\n", "oom 0\noom_kill 1\n", "20000000\n", std::nullopt},  // A group above ran out of memory.
      {"nonsense", "absent", "absent", std::nullopt},
  };
  make();
  for (const auto& [events, local, peak, used] : cases) {
    SCOPED_TRACE(events + local);
    auto group = cgroups->make(k_key, {.memory_bytes = limit, .cpus = {}});
    ASSERT_TRUE(group);
    const auto directory = group->directory;
    proc::Child child = start(*group);
    const pid_t pid = child.pid();
    cgroups->started(std::move(*group), child);
    for (const auto& [name, text] :
         {std::pair{"memory.events", events}, {"memory.events.local", local}, {"memory.peak", peak}}) {
      if (text != "absent") {
        MadeUpTree::write(directory / name, text);
      }
    }
    child.wait();
    EXPECT_EQ(cgroups->ended(pid), used);
  }
  EXPECT_EQ(count_in_log("although its limit was not reached"), 1U);
  EXPECT_TRUE(reap_to_the_end());
}

TEST_F(JobCgroupsInMadeUpTree, KillThroughTheGroup) {
  auto group = make().make(k_key, {});
  ASSERT_TRUE(group);
  const auto directory = group->directory;
  proc::Child child = start(*group);
  const pid_t pid = child.pid();
  cgroups->started(std::move(*group), child);
  cgroups->kill(pid + 1);
  EXPECT_EQ(MadeUpTree::read(directory / "cgroup.kill"), "absent") << "another job";
  cgroups->kill(pid);
  EXPECT_EQ(MadeUpTree::read(directory / "cgroup.kill"), "1");
  child.wait();
}

TEST_F(JobCgroupsInMadeUpTree, KillProcessByProcessOnOlderKernels) {
  auto group = make().make(k_key, {});
  ASSERT_TRUE(group);
  // A directory, so that writing fails, as if the file were absent.
  std::filesystem::create_directory(group->directory / "cgroup.kill");
  proc::Child child = start(*group, "exec sleep 60");
  cgroups->started(std::move(*group), child);
  cgroups->kill(child.pid());
  EXPECT_EQ(child.wait().return_code(), 137);
}

TEST_F(JobCgroupsInMadeUpTree, WarnOnceIfAGroupCannotBeCreated) {
  make();
  std::filesystem::remove_all(groups_of_runner());
  EXPECT_FALSE(cgroups->make(k_key, {}));
  EXPECT_FALSE(cgroups->make(k_key, {}));
  EXPECT_EQ(count_in_log("cannot be set by its cgroup"), 1U);
}

TEST_F(JobCgroupsInMadeUpTree, StartTheJobWithoutAGroupThatRefusesIt) {
  auto group = make().make(k_key, {.memory_bytes = 30 << 20, .cpus = {}});
  ASSERT_TRUE(group);
  const auto directory = group->directory;
  group->procs = base::open_file("/dev/null", 0);  // Read-only.
  proc::Child child = start(*group);
  EXPECT_FALSE(cgroups->started(std::move(*group), child)) << "sampling must enforce it";
  EXPECT_EQ(count_in_log("cannot move a process to"), 1U);
  EXPECT_TRUE(child.wait().ok());
  EXPECT_EQ(cgroups->ended(child.pid()), std::nullopt);
  EXPECT_TRUE(reap_to_the_end());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(JobCgroupsInMadeUpTree, AcceptTheSameAttemptAgainWhileItsGroupExists) {
  auto first = make().make(k_key, {});
  auto second = cgroups->make(k_key, {});
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->directory, second->directory);
  const auto directory = second->directory;
  cgroups->discard(std::move(*first));
  EXPECT_TRUE(reap_to_the_end());
  EXPECT_TRUE(std::filesystem::exists(directory / "cgroup.procs"));
}

TEST_F(JobCgroupsInMadeUpTree, WaitWhileTheProcessTreeIsBeingEnded) {
  auto group = make().make(k_key, {});
  ASSERT_TRUE(group);
  const auto directory = group->directory;
  proc::Child child = start(*group);
  const pid_t pid = child.pid();
  cgroups->started(std::move(*group), child);
  child.wait();
  cgroups->ended(pid);
  // A regular file in its place cannot be removed as a directory, not even by root.
  std::filesystem::remove_all(directory);
  MadeUpTree::write(directory, "");
  EXPECT_TRUE(cgroups->reap([&](pid_t leader) { return leader == pid; }));
  const auto begin = JobCgroups::Clock::now();
  EXPECT_TRUE(reap_to_the_end()) << "it must give up";
  EXPECT_LT(JobCgroups::Clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace torc::runner
