#include <algorithm>

#include "local_worker.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* k_refuse = "echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255";

/// Replaces ssh by a script that records each call.
class SshCalls : public testing::Test {
 protected:
  /// @param behaviour  Shell lines; $count is the number of this call, from 1.
  SshTransport transport_over(const std::string& behaviour) {
    write_program(m_dir / "ssh", "#!/bin/sh\necho >>" + (m_dir / "calls").string() + "\ncount=$(wc -l <" +
                                     (m_dir / "calls").string() + ")\n" + behaviour + "\n");
    options.ssh_program = (m_dir / "ssh").string();
    return {options, stop.get_token()};
  }

  std::size_t calls() const { return base::split_lines(base::read_file_or_empty((m_dir / "calls").string())).size(); }

  support::TempDir m_dir;
  SshOptions options{};
  std::stop_source stop{};
  model::WorkerAddress worker{model::WorkerAddress::parse("ws1")};
};

TEST_F(SshCalls, AreRetriedIfSshdRefusedThem) {
  auto transport = transport_over(std::string("[ $count -gt 2 ] || { ") + k_refuse + "; }\nexec sh -s");
  const auto result = transport.run(worker, {.script = "echo here\n"});
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_EQ(result.out, "here\n");
  EXPECT_EQ(calls(), 3U);
}

TEST_F(SshCalls, AreNotRetriedForOtherReasons) {
  auto transport = transport_over("echo 'ssh: connect to host ws1 port 22: No route to host' >&2; exit 255");
  EXPECT_FALSE(transport.run(worker, {.script = "true\n"}).ok());
  EXPECT_EQ(calls(), 1U);
}

TEST_F(SshCalls, AreNotRetriedOnceTheWorkerAnswered) {
  auto transport = transport_over(std::string("echo '#question'; read answer; ") + k_refuse);
  int answers = 0;
  const auto result = transport.run(worker, {.script = "", .question = "#question", .answer = [&](std::string_view) {
                                               ++answers;
                                               return std::string("go\n");
                                             }});
  EXPECT_EQ(result.code, 255);
  EXPECT_EQ(calls(), 1U);
  EXPECT_EQ(answers, 1);
}

TEST_F(SshCalls, AreEndedIfTheyFlood) {
  auto transport = transport_over("exec cat /dev/zero");
  const auto result = transport.run(worker, {.script = "true\n"});
  EXPECT_EQ(result.end, proc::CommandResult::End::flooded);
  EXPECT_EQ(result.out.size(), k_small_output);
  EXPECT_EQ(failure_reason(result), "the worker sent too much output; a start file of its shell may print endlessly");
}

TEST_F(SshCalls, MayReportProgressButNotForEver) {
  options.script_limit = milliseconds(2'000);
  options.longest = milliseconds(3'000);
  for (const char* mark : {"#torc-progress 1", "#torc-progress $i", "noise $i"}) {
    auto transport =
        transport_over("i=0; while :; do i=$((i + 1)); echo \"" + std::string(mark) + "\"; sleep 0.1; done");
    const auto began = Clock::now();
    const auto result = transport.run(worker, {.script = "true\n", .reports_progress = true});
    EXPECT_EQ(result.end, proc::CommandResult::End::timed_out) << mark;
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(20)) << mark;
  }
}

TEST_F(SshCalls, FetchNoMoreThanWasSaid) {
  write_program(m_dir / "scp", "#!/bin/sh\nfor file; do :; done\nexec cat /dev/zero >\"$file\"\n");
  options.scp_program = (m_dir / "scp").string();
  SshTransport transport(options, stop.get_token());
  const auto result = transport.fetch(worker, "/tmp/x", (m_dir / "here").string(), 1'000'000);
  EXPECT_EQ(result.end, proc::CommandResult::End::flooded);
}

TEST_F(SshCalls, KeepTheirLimitIncludingRetries) {
  options.script_limit = milliseconds(2'500);
  auto transport = transport_over(k_refuse);
  const auto began = Clock::now();
  const auto result = transport.run(worker, {.script = "true\n"});
  EXPECT_LT(Clock::now() - began, milliseconds(2'500));
  EXPECT_EQ(result.code, 255);
  EXPECT_GE(calls(), 2U);
}

TEST_F(SshCalls, ReportTheRefusalIfNoTimeIsLeftForARetry) {
  options.script_limit = milliseconds(4'000);
  options.connect_delay = milliseconds(1'200);
  auto transport = transport_over(k_refuse);
  // All calls have time for a first attempt, but not all for a second one.
  proc::for_each_index(4, 4, [&](std::size_t) {
    const auto result = transport.run(worker, {.script = "true\n"});
    EXPECT_EQ(result.end, proc::CommandResult::End::exited);
    EXPECT_EQ(result.code, 255);
  });
}

TEST_F(SshCalls, AreNotWaitedForAfterAStop) {
  options.connect_delay = std::chrono::hours(1);
  auto transport = transport_over("exit 0");
  EXPECT_TRUE(transport.run(worker, {.script = "true\n"}).ok());
  std::jthread stopper([this] { stop.request_stop(); });
  EXPECT_EQ(transport.run(worker, {.script = "true\n"}).end, proc::CommandResult::End::canceled);
  EXPECT_EQ(calls(), 1U);
}

TEST_F(SshCalls, StartWithADelayInBetween) {
  options.connect_delay = milliseconds(100);
  auto one = transport_over("exit 0");
  SshTransport other(options, stop.get_token());
  const auto began = Clock::now();
  proc::for_each_index(6, 6, [&](std::size_t i) { (i % 2 == 0 ? one : other).run(worker, {.script = "true\n"}); });
  EXPECT_GE(Clock::now() - began, milliseconds(500));
  EXPECT_EQ(calls(), 6U);
}

TEST(ConnectPace, DoesNotWaitWithoutADelay) {
  ConnectPace pace;
  const auto began = Clock::now();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(pace.wait(milliseconds(0), {}));
  }
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
}

TEST(ConnectPace, KeepsTheDelayBetweenAllCalls) {
  ConnectPace pace;
  std::mutex mutex;
  std::vector<Clock::time_point> starts;
  const auto began = Clock::now();
  proc::for_each_index(5, 5, [&](std::size_t) {
    EXPECT_TRUE(pace.wait(milliseconds(50), {}));
    const std::scoped_lock lock(mutex);
    starts.push_back(Clock::now());
  });
  std::sort(starts.begin(), starts.end());
  // Threads may start late but never early.
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_GE(starts[i] - began, milliseconds(50) * static_cast<int>(i));
  }
}

}  // namespace
}  // namespace torc::remote
