#include "torc/metrics/process_sampler.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "unit/metrics/sampled_job.hpp"

namespace torc::metrics {
namespace {

const std::string k_use = TORC_HELPER_USE_RESOURCES;

pid_t pid_in(const std::filesystem::path& file) {
  return static_cast<pid_t>(base::parse_int(base::trim(base::read_file(file))).value_or(0));
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// CPU time of all reaped children of this process and their reaped descendants.
double reaped_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

TEST(ProcessSampler, MeasuresABusyLoop) {
  SampledJob job("exec " + k_use + " 50");
  ProcessSampler sampler;
  sampler.add(job.leader());
  double highest = 0;
  ASSERT_TRUE(wait_until([&] {
    const auto usage = usage_of(sampler, job.leader());
    highest = std::max(highest, usage.cpu_percent);
    return usage.cpu_seconds > 0.5 && highest > 0;
  }));
  EXPECT_EQ(usage_of(sampler, job.leader()).processes, 1);
  const auto summary = sampler.finish(job.leader());
  EXPECT_LE(highest, 110) << "it has one thread";
  EXPECT_GE(summary.usage.peak_cpu_percent, highest);
  EXPECT_LE(summary.usage.avg_cpu_percent, summary.usage.peak_cpu_percent);
  EXPECT_NEAR(summary.usage.avg_cpu_percent, 100 * summary.cpu_seconds / summary.elapsed_seconds, 1e-6);
  EXPECT_TRUE(sampler.sample().empty()) << "it must be removed";
}

TEST(ProcessSampler, MeasuresMemory) {
  constexpr std::int64_t k_megabyte = 1024 * 1024;
  SampledJob job(k_use + " 0 100; true");
  ProcessSampler sampler;
  sampler.add(job.leader());
  ASSERT_TRUE(wait_until([&] { return usage_of(sampler, job.leader()).memory_bytes >= 100 * k_megabyte; }));
  const auto summary = sampler.finish(job.leader());
  EXPECT_GE(summary.usage.peak_memory_bytes, 100 * k_megabyte);
  EXPECT_LE(summary.usage.peak_memory_bytes, 130 * k_megabyte);
  EXPECT_LE(summary.usage.avg_memory_bytes, summary.usage.peak_memory_bytes);
}

TEST(ProcessSampler, SeparatesTheTreesOfSeveralJobs) {
  SampledJob tree("sleep 50 & (sleep 50 & sleep 50 & wait) & wait");
  SampledJob other("exec sleep 50");
  ProcessSampler sampler;
  sampler.add(tree.leader());
  sampler.add(other.leader());
  ASSERT_TRUE(wait_until([&] { return usage_of(sampler, tree.leader()).processes == 5; }));
  const auto& usages = sampler.sample();
  ASSERT_EQ(usages.size(), 2U);
  EXPECT_LT(usages[0].leader, usages[1].leader);
  EXPECT_EQ(usage_of(sampler, other.leader()).processes, 1);
}

TEST(ProcessSampler, QueriesTheOwnerOfAnUnknownOrphan) {
  const Subreaper subreaper;
  const support::TempDir dir;
  SampledJob job(TORC_HELPER_DAEMONIZE " " + (dir / "pid").string() + "; sleep 50");
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "pid"); }));
  const pid_t daemon = pid_in(dir / "pid");
  ASSERT_TRUE(wait_until([&] {
    const auto children = proc::children_of_this_process();
    return std::find(children.begin(), children.end(), daemon) != children.end();
  }));

  std::vector<pid_t> asked;
  ProcessSampler sampler([&](pid_t orphan) {
    asked.push_back(orphan);
    return orphan == daemon ? job.leader() : 0;
  });
  ProcessSampler without_owner;
  sampler.add(job.leader());
  without_owner.add(job.leader());
  // Wait for both, because the helper may not have ended and the shell may not have started its sleep.
  ASSERT_TRUE(wait_until([&] {
    return usage_of(sampler, job.leader()).processes == 3 && usage_of(without_owner, job.leader()).processes == 2;
  }));
  sampler.sample();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), daemon), 1) << "a known owner must not be queried again";
  EXPECT_EQ(std::count(asked.begin(), asked.end(), job.leader()), 0);

  proc::signal_descendants(::getpid(), SIGKILL);
  EXPECT_TRUE(wait_until([&] { return proc::reap_orphan(daemon); }));
}

TEST(ProcessSampler, KeepsAProcessThatLeftItsSessionAndLostItsParent) {
  const Subreaper subreaper;
  const support::TempDir dir;
  SampledJob job("cd " + dir.path().string() +
                 "; sh -c 'setsid sh -c \"echo \\$\\$ >pid.new; mv pid.new pid; exec sleep 50\" &"
                 " until test -e go; do sleep 0.01; done'; touch gone; exec sleep 50");
  ProcessSampler sampler;
  sampler.add(job.leader());
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "pid"); }));
  const pid_t stray = pid_in(dir / "pid");
  usage_of(sampler, job.leader());  // Its parent lives and belongs to the job.
  base::write_file_atomically(dir / "go", "");
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "gone"); }));

  EXPECT_TRUE(wait_until([&] { return usage_of(sampler, job.leader()).processes == 2; })) << "two sleeps";
  ::kill(stray, SIGKILL);
  EXPECT_TRUE(wait_until([&] { return proc::reap_orphan(stray); }));
  EXPECT_EQ(usage_of(sampler, job.leader()).processes, 1);
}

TEST(ProcessSampler, CountsChildrenThatEndedBetweenTwoPasses) {
  const support::TempDir dir;
  SampledJob job(k_use + " 0.3; " + k_use + " 0.3; touch " + (dir / "done").string() + "; sleep 50");
  ProcessSampler sampler;
  sampler.add(job.leader());
  EXPECT_LT(usage_of(sampler, job.leader()).cpu_seconds, 0.6);
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "done"); }));
  EXPECT_GE(usage_of(sampler, job.leader()).cpu_seconds, 0.57);
}

TEST(ProcessSampler, KeepsTheTimeOfAnOrphanThatNoParentTakesOver) {
  const Subreaper subreaper;
  const support::TempDir dir;
  SampledJob job("cd " + dir.path().string() + "; (sh -c 'echo $$ >pid.new; mv pid.new pid; exec " + k_use +
                 " 0.4' &); until test -e go; do sleep 0.01; done; exec " + k_use + " 0.3 1");
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "pid"); }));
  const pid_t orphan = pid_in(dir / "pid");
  ProcessSampler sampler;
  sampler.add(job.leader());
  double before = 0;
  ASSERT_TRUE(wait_until([&] { return (before = usage_of(sampler, job.leader()).cpu_seconds) >= 0.38; }));
  ASSERT_TRUE(wait_until([&] { return proc::reap_orphan(orphan); }));
  for (int pass = 0; pass < 4; ++pass) {
    const double now = usage_of(sampler, job.leader()).cpu_seconds;
    EXPECT_GE(now, before) << pass;
    EXPECT_LT(now, before + 0.25) << pass << ": counted twice";
  }
  base::write_file_atomically(dir / "go", "");
  EXPECT_TRUE(wait_until([&] { return usage_of(sampler, job.leader()).cpu_seconds >= before + 0.28; }));
}

TEST(ProcessSampler, DoesNotCountZombies) {
  const support::TempDir dir;
  SampledJob job("cd " + dir.path().string() + "; sh -c 'echo $$ >pid.new; mv pid.new pid' & exec sleep 50");
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "pid"); }));
  const pid_t dead = pid_in(dir / "pid");
  ASSERT_TRUE(wait_until([&] {
    const auto all = proc::all_processes();
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.pid == dead && each.zombie; });
  }));
  ProcessSampler sampler;
  sampler.add(job.leader());
  EXPECT_EQ(usage_of(sampler, job.leader()).processes, 1);
}

TEST(ProcessSampler, IsExactWithoutAnyPass) {
  SampledJob job(k_use + " 0.3; true");
  ProcessSampler sampler;
  sampler.add(job.leader());
  ASSERT_TRUE(job.wait_for_end());
  const auto summary = sampler.finish(job.leader());
  EXPECT_EQ(summary.usage.samples, 0);
  EXPECT_GE(summary.cpu_seconds, 0.28);
  EXPECT_LT(summary.cpu_seconds, 0.6);
  EXPECT_GT(summary.usage.peak_cpu_percent, 0);
}

TEST(ProcessSampler, RemembersTheLastPassOfALeaderThatWasReaped) {
  const support::TempDir dir;
  SampledJob job(k_use + " 0.3; touch " + (dir / "done").string() + "; until test -e " + (dir / "go").string() +
                 "; do sleep 0.01; done");
  ProcessSampler sampler;
  sampler.add(job.leader());
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(dir / "done"); }));
  const pid_t leader = job.leader();
  const double seen = usage_of(sampler, leader).cpu_seconds;
  base::write_file_atomically(dir / "go", "");
  job.child().wait();
  EXPECT_GE(seen, 0.28);
  EXPECT_GE(sampler.finish(leader).cpu_seconds, seen);
  EXPECT_EQ(sampler.finish(leader).cpu_seconds, 0) << "an unknown job";
}

TEST(ProcessSampler, AgreesWithTheKernelOnAJobOfManyShortProcesses) {
  const double before = reaped_cpu_seconds();
  SampledJob job("for i in 1 2 3 4 5 6; do " + k_use + " 0.05 & (" + k_use + " 0.05; " + k_use + " 0.05); wait; done");
  ProcessSampler sampler;
  sampler.add(job.leader());
  double last = 0;
  pollfd ended{job.child().end_fd(), POLLIN, 0};
  while (::poll(&ended, 1, 7) == 0) {
    const double now = usage_of(sampler, job.leader()).cpu_seconds;
    EXPECT_GE(now, last);
    last = now;
  }
  const auto summary = sampler.finish(job.leader());
  EXPECT_GE(summary.cpu_seconds, last);
  job.child().wait();
  const double used = reaped_cpu_seconds() - before;
  EXPECT_GE(used, 0.9);
  // For a process that ended after a pass, the time may be wrong by one tick (10 ms).
  EXPECT_NEAR(summary.cpu_seconds, used, 0.25);
}

}  // namespace
}  // namespace torc::metrics
