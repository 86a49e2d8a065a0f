#include "cli/print/reporters.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

/// Redirects standard output and error to a full disk while it exists.
class FullDisk {
 public:
  FullDisk() : m_out(::dup(STDOUT_FILENO)), m_err(::dup(STDERR_FILENO)) {
    const base::Fd full = base::open_file("/dev/full", O_WRONLY);
    ::dup2(full.get(), STDOUT_FILENO);
    ::dup2(full.get(), STDERR_FILENO);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::dup2(m_out.get(), STDOUT_FILENO);
    ::dup2(m_err.get(), STDERR_FILENO);
  }

 private:
  base::Fd m_out;
  base::Fd m_err;
};

struct Printed {
  std::string out{};
  std::string err{};
};

Printed print(app::Reporter& reporter, const std::vector<app::Event>& events) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  for (const auto& event : events) {
    reporter.report(event);
  }
  return {testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

const remote::Forward k_up{.worker = "alice@ws1", .name = "ws1", .port = 20'001, .up = true};
const remote::Forward k_down{.worker = "alice@ws1", .name = "ws1", .port = 20'001, .error = "Connection refused"};

/// The events of a tunnel.
std::vector<app::Event> tunnel_events() {
  return {app::TunnelBegun{.workers = 1, .target = "127.0.0.1:8080"},
          app::ForwardChanged{.forward = k_up, .target = "127.0.0.1:8080"},
          app::ForwardChanged{.forward = k_down, .target = "127.0.0.1:8080"},
          app::TunnelServerChanged{.text = "the server answers again"}, app::TunnelEnded{.why = "signal 2"}};
}

TEST(Reporters, PrintATunnelForPeople) {
  const Output output(false);
  PlainReporter reporter(output, WatchView::Target::standard_output);
  const auto printed = print(reporter, tunnel_events());
  EXPECT_EQ(printed.out,
            "Connecting 1 worker(s) to 127.0.0.1:8080; press Ctrl-C to end the tunnel\n"
            "  [UP] ws1: 127.0.0.1:20001 is forwarded to 127.0.0.1:8080\n"
            "  [DOWN] ws1: Connection refused; retrying\n");
  EXPECT_EQ(printed.err, "the server answers again\nThe tunnel ends: signal 2\n");
}

TEST(Reporters, PrintALineOfJsonForEachChangeOfATunnel) {
  const Output output(true);
  JsonReporter reporter(output, WatchView::Target::standard_output);
  const auto printed = print(reporter, tunnel_events());
  EXPECT_EQ(printed.err, "");
  const auto lines = base::split_lines(printed.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(lines[0]),
            (nlohmann::json{{"worker", "alice@ws1"}, {"up", true}, {"port", 20'001}, {"message", ""}}));
  EXPECT_EQ(
      nlohmann::json::parse(lines[1]),
      (nlohmann::json{{"worker", "alice@ws1"}, {"up", false}, {"port", 20'001}, {"message", "Connection refused"}}));
}

TEST(Reporters, OfTheBackgroundPrintNothing) {
  const auto reporter = make_log_reporter();
  const auto printed = print(*reporter, tunnel_events());
  EXPECT_EQ(printed.out, "");
}

TEST(Reporters, ContinueIfNothingCanBeWritten) {
  for (const bool json : {false, true}) {
    const Output output(json);
    const auto reporter = make_reporter(output);
    {
      const FullDisk disk;
      for (const auto& event : tunnel_events()) {
        EXPECT_NO_THROW(reporter->report(event));
      }
    }
    EXPECT_THROW(output.check(), base::Error) << "the command must fail at its end";
  }
}

TEST(Reporters, PrintStepsOnStandardOutputAndWarningsOnStandardError) {
  const auto workers = remote::make_workers({"ws1"});
  const std::vector<app::Event> events{
      app::WorkersFound{.workflow_id = 42, .count = 2},
      app::WorkersChecked{.passed = 1, .total = 2},
      app::StopBegun{.mode = remote::StopMode::end},
      app::WorkerSignaled{
          .worker = workers[0], .result = {.ok = true, .signaled_pid = 7}, .mode = remote::StopMode::end},
      app::WorkerStopped{.worker = workers[0], .result = {.ok = true, .ended = true, .requeued = 3}},
      app::JobsOfKilledRequeued{.count = 3},
      app::JobsOfLostRequeued{.count = 4},
      app::TunnelEnding{.how = app::TunnelEnding::How::ended, .pid = 9},
      app::TunnelEnding{.how = app::TunnelEnding::How::nothing},
      app::TunnelEnding{.how = app::TunnelEnding::How::stuck, .pid = 9},
      app::Warning{.text = "Warning: careful"}};
  const Output text(false);
  PlainReporter plain(text, WatchView::Target::standard_output);
  const auto for_people = print(plain, events);
  EXPECT_EQ(for_people.out,
            "Found 2 worker(s) for workflow 42\n1/2 workers passed SSH check\nStopping workers (signal: SIGTERM)...\n"
            "  [OK] ws1: Sent SIGTERM to PID 7\n  [OK] ws1: Stopped (3 jobs requeued)\nServer tunnel ended (PID 9)\n");
  EXPECT_EQ(for_people.err,
            "Requeued 3 unfinished jobs of killed runners\nRequeued 4 jobs of runners that died\n"
            "The server tunnel's process 9 did not end\nWarning: careful\n");
  const Output json(true);
  JsonReporter lines(json, WatchView::Target::standard_output);
  const auto for_programs = print(lines, events);
  EXPECT_EQ(for_programs.out, "");
  EXPECT_EQ(for_programs.err,
            "Requeued 3 unfinished jobs of killed runners\nThe server tunnel's process 9 did not end\n"
            "Warning: careful\n");
}

TEST(Reporters, PrintSnapshotsToTheStreamOfTheWatch) {
  app::WatchSnapshot snapshot{.workflow_id = 42, .progress = {.total = 4, .running = 1}};
  snapshot.workers = {{.name = "ws1", .stored = "alice@ws1", .host = "ws1", .state = "running", .pid = 7}};
  const Output json(true);
  JsonReporter watch(json, WatchView::Target::standard_output);
  const auto lines = base::split_lines(print(watch, {snapshot, snapshot}).out);
  ASSERT_EQ(lines.size(), 1U) << "an unchanged snapshot must not be printed again at once";
  EXPECT_EQ(nlohmann::json::parse(lines[0])["workers"][0]["state"], "running");
  const auto worker = remote::make_workers({"ws1"}).front();
  EXPECT_EQ(
      base::split_lines(print(watch, {app::WorkerGivenUp{.worker = worker, .reason = "no"}, snapshot}).out).size(), 1U);
  JsonReporter waiting(json, WatchView::Target::standard_error);
  EXPECT_EQ(print(waiting, {snapshot}).out, "") << "standard output is for the command's document";
  const Output text(false);
  PlainReporter plain(text, WatchView::Target::standard_error);
  const auto printed = print(plain, {snapshot, app::RestartFailed{.worker = worker, .reason = "cannot"}});
  EXPECT_EQ(printed.out, "");
  EXPECT_NE(printed.err.find(" ws1: running (PID 7)\n"), std::string::npos) << printed.err;
  EXPECT_NE(printed.err.find(" ws1: cannot\n"), std::string::npos) << printed.err;
}

}  // namespace
}  // namespace torc::cli
