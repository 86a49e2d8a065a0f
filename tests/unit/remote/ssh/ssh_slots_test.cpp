#include "torc/remote/ssh_slots.hpp"

#include <algorithm>
#include <future>

#include "local_worker.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/exec.hpp"
#include "torc/remote/job_output_reader.hpp"
#include "torc/remote/logs.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/tunnel.hpp"

namespace torc::remote {
namespace {

TEST(SshSlots, AreNeverExceeded) {
  SshSlots slots(3);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  proc::for_each_index(200, 8, [&](std::size_t i) {
    const auto lease = slots.take(1 + i % 3, {});
    const int taken = static_cast<int>(lease.count());
    most = std::max(most.load(), now += taken);
    std::this_thread::yield();
    now -= taken;
  });
  EXPECT_LE(most, 3);
  EXPECT_EQ(slots.try_take(9).count(), 3U) << "all slots must be free again";
}

TEST(SshSlots, AreAssignedInTheOrderOfTheRequests) {
  SshSlots slots(2);
  auto held = slots.take(1, {});
  auto many = std::async(std::launch::async, [&] { return slots.take(2, {}).count(); });
  while (slots.has_free()) {
    std::this_thread::yield();  // Wait until that request is queued.
  }
  EXPECT_FALSE(slots.try_take(1)) << "the request for two comes first";
  auto one = std::async(std::launch::async, [&] { return slots.take(1, {}).count(); });
  held.reset();
  EXPECT_EQ(many.get(), 2U);
  EXPECT_EQ(one.get(), 1U);
}

TEST(SshSlots, AreNotWaitedForAfterAStop) {
  SshSlots slots(1);
  const auto held = slots.take(1, {});
  std::stop_source stop;
  auto refused = std::async(std::launch::async, [&] { return slots.take(1, stop.get_token()).count(); });
  stop.request_stop();
  EXPECT_EQ(refused.get(), 0U);
}

TEST(SshSlots, AreLimitedToTheirTotal) {
  SshSlots slots(2);
  EXPECT_EQ(slots.take(50, {}).count(), 2U);
  EXPECT_EQ(SshSlots(0).count(), 1U);
}

/// Replaces ssh and scp by scripts that record how many of them run at once.
class CountedProcesses : public testing::Test {
 public:
  /// As `main` does: writing to an ssh that ends at once must not raise SIGPIPE.
  static void SetUpTestSuite() { proc::prepare_signals_for_children(); }

 protected:
  CountedProcesses() {
    fs::create_directories(m_dir / "running");
    fs::create_directories(m_dir / "home");
    fs::create_directories(m_dir / "here");
    const std::string begin = "#!/bin/sh\ndir='" + m_dir.path().string() +
                              "'\n: >\"$dir/running/$$\"\nls \"$dir/running\" | wc -l >>\"$dir/counts\"\n";
    const std::string end = "status=$?\nrm \"$dir/running/$$\"\nexit $status\n";
    // Lasts long enough for processes to overlap.
    write_program(m_dir / "ssh", begin + "sleep 0.05\nHOME=\"$dir/home\" sh -s\n" + end);
    write_program(m_dir / "scp",
                  begin + "for last; do from=$to; to=$last; done\nsleep 0.05\ncp \"/${from#*:/}\" \"$to\"\n" + end);
    m_options.ssh_program = (m_dir / "ssh").string();
    m_options.scp_program = (m_dir / "scp").string();
  }

  void allow(std::size_t count) { m_options.slots = std::make_shared<SshSlots>(count); }

  std::vector<int> counts() const {
    std::vector<int> all;
    for (const auto& line : base::split_lines(base::read_file_or_empty((m_dir / "counts").string()))) {
      all.push_back(std::stoi(line));
    }
    return all;
  }
  int most() const {
    const auto all = counts();
    return all.empty() ? 0 : *std::max_element(all.begin(), all.end());
  }

  static std::vector<Worker> workers(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      names.push_back("ws" + std::to_string(i));
    }
    return make_workers(names);
  }

  support::TempDir m_dir;
  SshOptions m_options{};
  WorkflowRef m_workflow{.server_id = "id", .workflow_id = 42};
};

TEST_F(CountedProcesses, AreLimitedOverAllTransports) {
  allow(3);
  SshTransport one(m_options, {});
  SshTransport other(m_options, {});
  proc::for_each_index(12, 12, [&](std::size_t i) {
    const auto result = exec_on_worker(i % 2 == 0 ? one : other, workers(1).front(), {"true"});
    EXPECT_TRUE(result.reached) << result.message;
  });
  EXPECT_EQ(counts().size(), 12U);
  EXPECT_LE(most(), 3);
}

TEST_F(CountedProcesses, WithinADialogueHaveBothTheirSlots) {
  write_text(m_dir / "home/torc_output/job_stdio/job_wf42_j1_r1_a1.o", "hello\n");
  for (const std::size_t limit : {1U, 2U, 5U}) {
    allow(limit);
    SshTransport transport(m_options, {});
    // Others request slots at the same time; no call may hold one slot and wait for a second.
    std::jthread others([&] {
      proc::for_each_index(6, 6, [&](std::size_t) { exec_on_worker(transport, workers(1).front(), {"true"}); });
    });
    const CollectSettings settings{.workflow = m_workflow, .local_dir = (m_dir / "here").string()};
    const auto results = collect_logs(transport, workers(4), settings);
    others.join();
    for (const auto& result : results) {
      EXPECT_TRUE(result.ok) << limit << ": " << result.message;
    }
    EXPECT_LE(most(), static_cast<int>(limit));
  }
}

TEST_F(CountedProcesses, ThatWaitForEachOtherDoNotDeadlock) {
  for (const std::size_t limit : {1U, 2U, 3U}) {
    allow(limit);
    SshTransport transport(m_options, {});
    std::jthread others([&] {
      proc::for_each_index(6, 6, [&](std::size_t) { exec_on_worker(transport, workers(1).front(), {"true"}); });
    });
    const auto results = check_and_start(transport, workers(3), {.workflow = m_workflow, .version = "0.23.0"},
                                         [](const auto& checks) { return std::vector<char>(checks.size(), 0); });
    others.join();
    for (const auto& result : results) {
      EXPECT_EQ(result.check.problem, Check::Problem::version) << result.check.message;
    }
    EXPECT_LE(most(), static_cast<int>(limit));
  }
}

TEST_F(CountedProcesses, ThatFollowAJobKeepTheirSlot) {
  allow(1);
  {
    FollowedOutput output(m_options, workers(1).front(), {.workflow = m_workflow, .stem = "job_wf42_j1_r1_a1"},
                          [](bool, std::string_view) {});
    EXPECT_FALSE(m_options.slots->has_free());
    output.finish();
  }
  EXPECT_TRUE(m_options.slots->has_free());
}

TEST_F(CountedProcesses, OfATunnelCountUntilTheirForwardIsUp) {
  write_program(m_dir / "ssh",
                "#!/bin/sh\ndir='" + m_dir.path().string() +
                    "'\n: >\"$dir/running/$$\"\nls \"$dir/running\" | wc -l >>\"$dir/counts\"\nsleep 0.05\n"
                    "rm \"$dir/running/$$\"\nprintf '\\n%s\\n' '#torc-tunnel-up'\nexec cat >/dev/null\n");
  allow(2);
  std::atomic<int> up{0};
  std::stop_source all_up;
  Tunnel tunnel({.workflow = m_workflow,
                 .target = {.host = "127.0.0.1", .port = 8080},
                 .slots = m_options.slots,
                 .environment = {"PATH=/usr/bin:/bin"},
                 .on_change = [&](const Forward& forward) {
                   EXPECT_TRUE(forward.up) << forward.error;
                   if (++up == 6) {
                     all_up.request_stop();
                   }
                 }});
  for (const auto& worker : workers(6)) {
    tunnel.hold(worker, m_options);
  }
  tunnel.run(all_up.get_token());
  EXPECT_EQ(up, 6);
  EXPECT_LE(most(), 2);
  EXPECT_EQ(m_options.slots->try_take(2).count(), 2U);
}

}  // namespace
}  // namespace torc::remote
