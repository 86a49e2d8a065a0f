// Complete runs with jobs in groups of a fake tree. Server, runner and processes are real, but the tree enforces no
// limits, and jobs themselves write the files that the kernel would write.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "made_up_tree.hpp"
#include "run_jobs_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using testing::MadeUpTree;
using testing::pid_in;
using testing::RunJobsTest;

class RunJobsInMadeUpTree : public RunJobsTest {
 protected:
  RunnerReport run_in_tree() {
    auto with = options();
    with.cgroups = tree.places();
    return run(with);
  }

  std::string runner_log() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("out"))) {
      if (entry.path().filename().string().starts_with("job_runner_")) {
        return base::read_file(entry.path());
      }
    }
    return "";
  }

  std::string events() {
    std::string text;
    for (const auto& event : api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items) {
      text += event.data.dump() + "\n";
    }
    return text;
  }

  /// A command line that first changes to the directory of its job's group.
  std::string in_group(const std::string& command) const {
    return "cd " + tree.own().string() + "/torc-*/job-$TORC_JOB_ID-1-* || exit 9; " + command;
  }

  const MadeUpTree tree{directory.path() / "tree"};
  const std::string k_uses_60_mb = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60; true";
};

TEST_F(RunJobsInMadeUpTree, PutsJobsIntoGroupsWithTheirLimits) {
  create_workflow();
  add_job(in_group("echo $$ >" + directory.file("pid") + "; for f in memory.max memory.swap.max memory.oom.group " +
                   "cpu.max cgroup.procs; do cat $f; echo; done >" + directory.file("seen")),
          {}, add_requirements(2, "30m"));
  add_job(in_group("ls >" + directory.file("files")));
  initialize();
  EXPECT_EQ(run_in_tree().completed, 2);
  EXPECT_EQ(lines("seen"), (std::vector<std::string>{"31457280", "0", "1", "200000 100000",
                                                     std::to_string(pid_in(directory.file("pid")))}));
  EXPECT_EQ(lines("files"), (std::vector<std::string>{"cgroup.procs"})) << "a job without requirements has no limits";
  EXPECT_TRUE(tree.groups().empty());
  EXPECT_NE(runner_log().find("enforce the limits of jobs"), std::string::npos) << runner_log();
}

TEST_F(RunJobsInMadeUpTree, ReportsThatTheKernelKilledAJobForItsMemory) {
  execution_config = R"({"oom_exit_code":99})";
  create_workflow();
  add_job(in_group("printf 'oom 1\\noom_kill 1\\n' >memory.events; echo 31457280 >memory.peak; kill -9 $$"), {},
          add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run_in_tree().failed, 1);
  const auto result = api->list_results(workflow, {}).items.at(0);
  EXPECT_EQ(result.return_code, 99);
  EXPECT_EQ(result.status, JobStatus::failed);
  EXPECT_EQ(result.peak_memory_bytes, 31'457'280);
  const std::string words =
      "used 30.0 MiB of memory and needed more than the 30.0 MiB it requested: the kernel killed it";
  EXPECT_NE(events().find("job_exceeded_memory"), std::string::npos) << events();
  EXPECT_NE(events().find(words), std::string::npos) << events();
  EXPECT_NE(runner_log().find(words), std::string::npos) << runner_log();
  EXPECT_TRUE(tree.groups().empty());
}

TEST_F(RunJobsInMadeUpTree, ReportsNoMemoryExcessWithoutAKillByTheKernel) {
  create_workflow();
  add_job(in_group("printf 'oom 0\\noom_kill 0\\n' >memory.events; kill -9 $$"), {}, add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run_in_tree().failed, 1);
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).return_code, 137);
  EXPECT_EQ(events().find("job_exceeded_memory"), std::string::npos) << events();
}

TEST_F(RunJobsInMadeUpTree, MeasuresJobsWhoseLimitsTheKernelEnforces) {
  model::Workflow body;
  body.name = "test";
  body.user = "tester";
  body.resource_monitor_config = R"({"sample_interval_seconds":1,"jobs":{"enabled":true,"granularity":"summary"}})";
  workflow = api->create_workflow(body).id.value();
  add_job("x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 3; true", {}, add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run_in_tree().completed, 1) << "only the kernel may kill it, and this tree does not";
  EXPECT_GT(api->list_results(workflow, {}).items.at(0).peak_memory_bytes.value_or(0), 60'000'000) << "it was sampled";
}

TEST_F(RunJobsInMadeUpTree, SamplesIfTheMemoryControllerIsMissing) {
  MadeUpTree::write(tree.own() / "cgroup.controllers", "cpu\n");
  create_workflow();
  add_job(in_group("cat cpu.max >" + directory.file("seen") + "; " + k_uses_60_mb), {}, add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run_in_tree().failed, 1);
  EXPECT_EQ(lines("seen"), std::vector<std::string>{"100000 100000"});
  EXPECT_NE(events().find("of memory, more than the 30.0 MiB it requested: it was killed"), std::string::npos)
      << events();
}

TEST_F(RunJobsInMadeUpTree, SamplesIfTheControllersAreRefused) {
  std::filesystem::remove(tree.own() / "cgroup.subtree_control");
  std::filesystem::create_directory(tree.own() / "cgroup.subtree_control");
  create_workflow();
  add_job(k_uses_60_mb, {}, add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run_in_tree().failed, 1);
  EXPECT_NE(events().find("job_exceeded_memory"), std::string::npos) << events();
  EXPECT_NE(runner_log().find("by sampling, not by cgroups: "), std::string::npos) << runner_log();
}

TEST_F(RunJobsInMadeUpTree, RunsJobsWithoutGroupsAfterTheTreeVanishes) {
  create_workflow();
  const auto first = add_job("rm -r " + tree.own().string() + "/torc-*");
  add_job("true", {first}, add_requirements(1, "1g"));
  initialize();
  EXPECT_EQ(run_in_tree().completed, 2);
  EXPECT_NE(runner_log().find("cannot be set by its cgroup"), std::string::npos) << runner_log();
}

TEST_F(RunJobsInMadeUpTree, KillsThroughTheGroupToo) {
  create_workflow();
  // The file must exist longer than the group.
  add_job(in_group("ln -s " + directory.file("kill") + " cgroup.kill; trap '' TERM; sleep 60 & wait; wait"), {},
          add_requirements(1, "1g", "PT1S"));
  initialize();
  EXPECT_EQ(run_in_tree().failed, 1);
  EXPECT_EQ(lines("kill"), std::vector<std::string>{"1"});
  EXPECT_TRUE(tree.groups().empty());
}

TEST_F(RunJobsInMadeUpTree, CreatesNoGroupsIfLimitsAreDisabled) {
  execution_config = R"({"limit_resources":false})";
  create_workflow();
  add_job("ls -d " + tree.own().string() + "/*/ >" + directory.file("seen") + "; true", {}, add_requirements(1, "1g"));
  initialize();
  EXPECT_EQ(run_in_tree().completed, 1);
  EXPECT_TRUE(lines("seen").empty());
  EXPECT_EQ(MadeUpTree::read(tree.own() / "cgroup.subtree_control"), "");
}

}  // namespace
}  // namespace torc::runner
