#include "torc/remote/state.hpp"

#include <fmt/format.h>

#include "local_worker.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/logs.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/stop.hpp"

namespace torc::remote {
namespace {

class StateScripts : public RemoteScripts {
 protected:
  pid_t start() {
    StartSettings settings;
    settings.workflow = workflow;
    settings.version = "0.23.0";
    settings.limit = std::chrono::seconds(10);
    const auto results =
        check_and_start(transport, {worker}, settings, [](const auto&) { return std::vector<char>{1}; });
    EXPECT_TRUE(results.front().start.ok) << results.front().start.message << transport.last.err;
    return static_cast<pid_t>(results.front().start.pid.value_or(0));
  }

  WorkerState query(const std::string& output_dir = {}) { return query_state(transport, worker, workflow, output_dir); }

  StopResult stop(StopMode mode = StopMode::end, std::chrono::seconds timeout = {}, std::size_t width = 1) {
    const StopRequest request{.workflow = workflow, .mode = mode, .timeout = timeout, .requested_by = "alice@login1"};
    signaled = 0;
    transport.slots = width;
    return stop_workers(transport, {worker}, request,
                        [this](const auto& results) { signaled += results.front().signaled_pid ? 1 : 0; })
        .front();
  }

  /// A zombie counts as gone, because its parent may reap it late.
  static bool gone(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
  }

  int signaled{0};
};

TEST_P(StateScripts, RecognizeAWorkerThatWasNeverStarted) {
  EXPECT_EQ(query().state, State::never_started) << transport.last.err;
  const auto stopped = stop();
  EXPECT_TRUE(stopped.ok);
  EXPECT_FALSE(stopped.was_started);
  EXPECT_FALSE(stopped.signaled_pid);
}

TEST_P(StateScripts, FindARunningWorkerWithAnyOutputDirectory) {
  const pid_t pid = start();
  EXPECT_EQ(query().state, State::running) << transport.last.err;
  EXPECT_EQ(query().pid, pid);
  EXPECT_EQ(query("torc_output").state, State::running);
  EXPECT_EQ(query("elsewhere").state, State::never_started);
  EXPECT_EQ(transport.last.err, "");
}

/// Sessions in which the boot ID cannot be read, as in some containers.
class WithoutBootId : public StateScripts {
 protected:
  void SetUp() override {
    StateScripts::SetUp();
    fs::create_directories(m_dir / "empty");
    const std::string hide = "mount --bind " + (m_dir / "empty").string() + " /proc/sys/kernel/random && exec \"$@\"";
    transport.prefix = {"unshare", ::geteuid() == 0 ? "-m" : "-rm", "sh", "-c", hide, "sh"};
    proc::Command probe;
    probe.argv = transport.prefix;
    probe.argv.emplace_back("true");
    if (!IsSkipped() && !proc::run_command(probe).ok()) {
      GTEST_SKIP() << "files cannot be hidden on this machine";
    }
  }
};

TEST_P(WithoutBootId, ARunnerIsSeenAndItsOutputIsKept) {
  const pid_t pid = start();
  EXPECT_NE(base::read_file(state_directory() / "worker").find("\nboot_id=unknown\n"), std::string::npos);
  EXPECT_EQ(query().state, State::running) << transport.last.err;
  EXPECT_EQ(delete_logs(transport, worker, workflow, "").message,
            fmt::format("a runner uses the directory (PID {}); stop the runner first", pid));
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output"));
  EXPECT_EQ(stop().signaled_pid, pid);
  ASSERT_TRUE(comes_true([&] { return gone(pid); }));
  EXPECT_EQ(query().state, State::stopped);
  EXPECT_TRUE(delete_logs(transport, worker, workflow, "").ok);
  EXPECT_EQ(transport.last.err, "");
}

TEST_P(WithoutBootId, ARunnerWithARecordedBootIdIsSeen) {
  auto prefix = std::move(transport.prefix);
  transport.prefix.clear();
  const pid_t pid = start();
  transport.prefix = std::move(prefix);
  EXPECT_EQ(query().state, State::running);
  EXPECT_FALSE(delete_logs(transport, worker, workflow, "").ok);
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output"));
  EXPECT_EQ(stop().signaled_pid, pid);
}

INSTANTIATE_TEST_SUITE_P(Shells, WithoutBootId, testing::Values("dash", "bash", "busybox"), shell_name);

TEST_P(StateScripts, RecordTheEndOfAKilledRunnerOnlyOnceItIsGone) {
  const pid_t pid = start();
  // A kill without effect, as for a process of another user.
  transport.noise = "kill() { return 1; }\n";
  stop(StopMode::kill);
  EXPECT_FALSE(gone(pid));
  EXPECT_FALSE(fs::exists(state_directory() / "ended"));
}

TEST_P(StateScripts, StopARunner) {
  const pid_t pid = start();
  const auto result = stop();
  EXPECT_EQ(result.signaled_pid, pid) << result.message << transport.last.err;
  ASSERT_TRUE(comes_true([&] { return gone(pid); }));
  const auto state = query();
  EXPECT_EQ(state.state, State::stopped);
  EXPECT_EQ(state.message, "stopped by alice@login1");
  const auto again = stop();
  EXPECT_TRUE(again.ok && again.was_started);
  EXPECT_FALSE(again.signaled_pid);
}

TEST_P(StateScripts, KillARunnerAndEverythingBelowIt) {
  const pid_t pid = start();
  ASSERT_TRUE(comes_true([&] { return fs::exists(transport.home() / "child"); }));
  ASSERT_TRUE(comes_true([&] { return !base::read_file(transport.home() / "child").empty(); }));
  const pid_t child = std::stoi(base::read_file(transport.home() / "child"));
  EXPECT_EQ(stop(StopMode::kill).signaled_pid, pid) << transport.last.err;
  EXPECT_TRUE(comes_true([&] { return gone(pid) && gone(child); }));
  EXPECT_EQ(query().state, State::stopped);
}

TEST_P(StateScripts, WaitForTheEndWithOneConnectionOrTwo) {
  for (const std::size_t width : {1U, 0U}) {
    start();
    const int before = transport.connections;
    const auto result = stop(StopMode::end, std::chrono::seconds(15), width);
    EXPECT_TRUE(result.ended) << result.message << transport.last.err;
    EXPECT_EQ(result.requeued, std::nullopt) << "this runner recorded no end";
    EXPECT_EQ(signaled, 1);
    EXPECT_EQ(transport.connections - before, width == 1 ? 1 : 2);
  }
}

TEST_P(StateScripts, ReportTheNumberOfRequeuedJobs) {
  start();
  write_text(state_directory() / "ended", "reason=stopped\nexit=0\ntime=1\ngiven_back=3\n");
  EXPECT_EQ(stop(StopMode::end, std::chrono::seconds(15)).requeued, 3);
}

TEST_P(StateScripts, GiveUpOnARunnerThatDoesNotEnd) {
  const pid_t pid = start();
  ASSERT_TRUE(comes_true([&] { return fs::exists(transport.home() / "child"); }));
  ::kill(pid, SIGSTOP);
  const auto result = stop(StopMode::end, std::chrono::seconds(1));
  EXPECT_EQ(result.signaled_pid, pid);
  EXPECT_FALSE(result.ended);
  ::kill(pid, SIGCONT);
  EXPECT_TRUE(comes_true([&] { return gone(pid); }));
}

TEST_P(StateScripts, DrainARunner) {
  const pid_t pid = start();
  const auto result = stop(StopMode::drain);
  EXPECT_EQ(result.signaled_pid, pid) << result.message << transport.last.err;
  ASSERT_TRUE(comes_true([&] { return gone(pid); })) << "SIGUSR1 must end it, which is its default action";
  EXPECT_EQ(query().state, State::died) << "there was no stop";
}

TEST_P(StateScripts, ReportWhyARunnerIsGone) {
  const pid_t pid = start();
  ::kill(-pid, SIGKILL);
  ASSERT_TRUE(comes_true([&] { return gone(pid); }));
  EXPECT_EQ(query().state, State::died);
  EXPECT_EQ(query().message, "started");
  write_text(state_directory() / "ended", "reason=time_over\nexit=0\ntime=1\ngiven_back=0\n");
  EXPECT_EQ(query().state, State::stopped);
  EXPECT_EQ(query().message, "stopped because its time was over");
  write_text(state_directory() / "ended", "reason=finished\nexit=0\ntime=1\ngiven_back=0\n");
  EXPECT_EQ(query().state, State::finished);
  write_text(state_directory() / "ended", "reason=canceled\nexit=0\ntime=1\ngiven_back=0\n");
  EXPECT_EQ(query().message, "the workflow was canceled");
}

TEST_P(StateScripts, NeverMistakeAReusedPidForTheWorker) {
  const pid_t pid = start();
  ::kill(-pid, SIGKILL);
  ASSERT_TRUE(comes_true([&] { return gone(pid); }));
  auto text = base::read_file(state_directory() / "worker");
  proc::SpawnOptions options;
  options.argv = {"sleep", "300"};
  auto bystander = proc::Child::spawn(options);
  // In practice, a pid is not reused within the same hundredth of a second.
  const auto has_ticks_of_worker = [&] {
    const auto ticks = proc::start_ticks(bystander.pid());
    return text.find(fmt::format("start_ticks={}\n", ticks.value_or(0))) != std::string::npos;
  };
  while (has_ticks_of_worker()) {
    ::kill(bystander.pid(), SIGKILL);
    bystander = proc::Child::spawn(options);
  }
  text.replace(4, text.find('\n') - 4, std::to_string(bystander.pid()));
  write_text(state_directory() / "worker", text);
  EXPECT_EQ(query().state, State::died);
  EXPECT_FALSE(stop().signaled_pid);
  EXPECT_FALSE(stop(StopMode::kill).signaled_pid);
  EXPECT_FALSE(bystander.try_wait());
}

TEST_P(StateScripts, RefuseAnInvalidPid) {
  write_text(state_directory() / "worker", "pid=-1\nstart_ticks=1\nboot_id=" + proc::boot_id() + "\n");
  EXPECT_EQ(query().state, State::died);
  EXPECT_FALSE(stop().signaled_pid);
}

TEST_P(StateScripts, ReadThePidFileOfAnOlderTorc) {
  proc::SpawnOptions options;
  write_program(transport.home() / "bin/torc", "#!/bin/sh\nsleep 300\n");
  options.argv = {(transport.home() / "bin/torc").string(), "run", "42", "--output-dir", "x"};
  auto legacy = proc::Child::spawn(options);
  write_text(transport.home() / "out put/torc_worker_42.pid", std::to_string(legacy.pid()) + "\n");
  EXPECT_EQ(query("out put").pid, legacy.pid()) << transport.last.err;
  const auto drained =
      stop_workers(transport, {worker}, {.workflow = workflow, .output_dir = "out put", .mode = StopMode::drain},
                   [](const auto&) {})
          .front();
  EXPECT_EQ(drained.message, fmt::format("the runner of torc 0.23 (PID {}) cannot drain", legacy.pid()));
  EXPECT_EQ(query().state, State::never_started);
  write_text(transport.home() / "torc_output/torc_worker_42.pid", std::to_string(::getpid()) + "\n");
  EXPECT_EQ(query().state, State::died);
  write_text(transport.home() / "torc_output/torc_worker_42.pid", std::to_string(legacy.pid()) + "\n");
  EXPECT_EQ(stop().signaled_pid, legacy.pid());
  EXPECT_TRUE(comes_true([&] { return legacy.try_wait().has_value(); }));
}

TEST_P(StateScripts, FindARunnerThatAnOlderTorcStartedAfterOurs) {
  const pid_t pid = start();
  ::kill(-pid, SIGKILL);
  ASSERT_TRUE(comes_true([&] { return gone(pid); }));
  write_program(transport.home() / "bin/torc", "#!/bin/sh\nwhile :; do sleep 0.1; done\n");
  proc::SpawnOptions options;
  options.argv = {(transport.home() / "bin/torc").string(), "run", "42", "--output-dir", "x"};
  auto legacy = proc::Child::spawn(options);
  const auto pid_file = transport.home() / "torc_output/torc_worker_42.pid";
  write_text(pid_file, std::to_string(legacy.pid()) + "\n");
  EXPECT_EQ(query().pid, legacy.pid()) << transport.last.err;
  EXPECT_EQ(stop().signaled_pid, legacy.pid());
  EXPECT_TRUE(comes_true([&] { return legacy.try_wait().has_value(); }));
  EXPECT_EQ(query().state, State::died);
}

/// Returns `result` for every call.
class FailingTransport : public Transport {
 public:
  proc::CommandResult run(const model::WorkerAddress&, const ScriptCall&) override { return result; }
  proc::CommandResult fetch(const model::WorkerAddress&, const std::string&, const std::string&,
                            std::int64_t) override {
    return result;
  }
  proc::CommandResult send(const model::WorkerAddress&, const std::string&, const std::string&) override {
    return result;
  }
  std::size_t width() const override { return 10; }

  proc::CommandResult result{};
};

TEST(State, IsUnreachableIfSshFails) {
  FailingTransport transport;
  transport.result = {.end = proc::CommandResult::End::exited,
                      .code = 255,
                      .err = "ssh: connect to host ws2 port 22: No route to host\n"};
  const auto worker = make_workers({"ws2"}).front();
  EXPECT_EQ(query_state(transport, worker, {}, {}).state, State::unreachable);
  EXPECT_EQ(query_state(transport, worker, {}, {}).message, "ssh: connect to host ws2 port 22: No route to host");
  const auto stop = [&] {
    return stop_workers(transport, {worker}, {.timeout = std::chrono::seconds(5)}, [](const auto&) {}).front();
  };
  EXPECT_EQ(stop().message, "ssh: connect to host ws2 port 22: No route to host");
  EXPECT_FALSE(stop().ok);
  transport.result.end = proc::CommandResult::End::timed_out;
  EXPECT_FALSE(stop().ok);
}

TEST_P(StateScripts, ReportThatAGuardianIsEndingTheJobsOfADeadRunner) {
  const pid_t pid = start();
  const auto file = state_directory() / "worker";
  const auto note = base::read_file(file.string());
  const auto ticks = *proc::start_ticks(::getpid());
  write_text(file, note + fmt::format("guardian_pid={}\nguardian_ticks={}\n", ::getpid(), ticks));
  EXPECT_FALSE(query().ending) << "the runner is alive";
  ::kill(-pid, SIGKILL);
  EXPECT_TRUE(comes_true([&] { return query().state == State::died; }));
  EXPECT_TRUE(query().ending) << transport.last.err;
  // Another process has the guardian's pid by now.
  write_text(file, note + fmt::format("guardian_pid={}\nguardian_ticks={}\n", ::getpid(), ticks + 1));
  EXPECT_FALSE(query().ending);
  write_text(file, note);
  EXPECT_FALSE(query().ending);
}

INSTANTIATE_TEST_SUITE_P(Shells, StateScripts, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
