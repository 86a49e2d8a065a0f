#include "torc/remote/start.hpp"

#include <atomic>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "local_worker.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/state.hpp"
#include "torc/remote/stop.hpp"

namespace torc::remote {
namespace {

/// Workers without faults. Counts connections, and records the order of checks and starts.
class CountingTransport : public Transport {
 public:
  proc::CommandResult run(const model::WorkerAddress&, const ScriptCall& call) override {
    ++connections;
    const int now = ++m_open;
    most = std::max(most.load(), now);
    proc::CommandResult result;
    result.end = proc::CommandResult::End::exited;
    const std::string checked =
        "\n#torc-report\ntorc=/bin/torc\nhas_probe=1\n"
        "probe={\"torc_probe\":1,\"version\":\"0.23.0\",\"server\":{\"reached\":true}}\n#torc-report-end\n";
    const bool starts = call.question.empty() && call.script.find("report_start") != std::string::npos;
    if (!starts) {
      note("check");
      result.out = checked;
    }
    if (starts || (call.answer && call.answer(checked) == "go\n")) {
      note("start");
      result.out = "\n#torc-report\nstarted=7\n#torc-report-end\n";
    }
    --m_open;
    return result;
  }
  proc::CommandResult fetch(const model::WorkerAddress&, const std::string&, const std::string&,
                            std::int64_t) override {
    return {};
  }
  proc::CommandResult send(const model::WorkerAddress&, const std::string&, const std::string&) override { return {}; }

  std::size_t width() const override { return slots; }

  std::size_t slots{10};
  std::atomic<int> connections{0};
  std::atomic<int> most{0};  ///< Maximum at once.
  std::vector<std::string> order{};

 private:
  void note(const char* what) {
    const std::scoped_lock lock(m_mutex);
    order.emplace_back(what);
  }

  std::atomic<int> m_open{0};
  std::mutex m_mutex;
};

TEST(StartRound, ConnectsTwiceOnlyToWorkersBeyondTheWidth) {
  for (const std::size_t width : {1U, 2U, 4U, 5U, 9U}) {
    CountingTransport transport;
    transport.slots = width;
    StartSettings settings;
    settings.version = "0.23.0";
    const std::vector<std::string> names{"a", "b", "c", "d", "e"};
    int decisions = 0;
    const auto results =
        check_and_start(transport, make_workers(names), settings, [&](const std::vector<Check>& checks) {
          ++decisions;
          return std::vector<char>(checks.size(), 1);
        });
    EXPECT_EQ(decisions, 1);
    for (const auto& result : results) {
      EXPECT_TRUE(result.check.ok()) << result.check.message;
      EXPECT_TRUE(result.start.ok) << result.start.message;
    }
    EXPECT_EQ(transport.connections, static_cast<int>(10 - std::min<std::size_t>(width, 5))) << width;
    EXPECT_LE(transport.most, static_cast<int>(width));
    // No worker starts before all have been checked.
    ASSERT_EQ(transport.order.size(), 10U);
    EXPECT_EQ(std::count(transport.order.begin(), transport.order.begin() + 5, "check"), 5) << width;
  }
}

class StartScripts : public RemoteScripts {
 protected:
  StartScripts() {
    settings.workflow = workflow;
    settings.version = "0.23.0";
    settings.environment = {{"TORC_API_URL", "http://127.0.0.1:1/torc-service/v1"},
                            {"TORC_PASSWORD", "it's \"secret\""}};
    settings.run_options = {"--poll-interval", "5"};
    settings.limit = std::chrono::seconds(10);
    settings.settle = std::chrono::milliseconds(300);
  }

  /// Checks and starts, with one connection if `width` is 1, with two if it is 0.
  StartResult start(std::size_t width = 1) {
    transport.slots = width;
    return check_and_start(transport, {worker}, settings,
                           [](const std::vector<Check>& checks) {
                             return std::vector<char>(checks.size(), checks.front().ok() ? 1 : 0);
                           })
        .front();
  }

  void set_torc(const std::string& text) { write_program(transport.home() / "bin/torc", text); }

  StartSettings settings;
};

TEST_P(StartScripts, StartsADetachedRunner) {
  const auto result = start();
  ASSERT_TRUE(result.check.ok()) << result.check.message << transport.last.err;
  ASSERT_TRUE(result.start.ok) << result.start.message << transport.last.err;
  EXPECT_EQ(transport.connections, 1);
  const auto pid = static_cast<pid_t>(*result.start.pid);
  EXPECT_EQ(::getsid(pid), pid);
  const auto home = fs::canonical(transport.home()).string();
  EXPECT_EQ(base::split_lines(base::read_file(home + "/run_arguments")),
            (std::vector<std::string>{"run", "42", "--output-dir", home + "/torc_output", "--poll-interval", "5"}));
  const auto state = base::read_file(state_directory() / "worker");
  EXPECT_NE(state.find("pid=" + std::to_string(pid) + "\n"), std::string::npos);
  EXPECT_NE(state.find("start_ticks=" + std::to_string(*proc::start_ticks(pid)) + "\n"), std::string::npos);
  EXPECT_NE(state.find("boot_id=" + proc::boot_id() + "\n"), std::string::npos);
  EXPECT_NE(state.find("output_dir=" + home + "/torc_output\n"), std::string::npos);
  EXPECT_NE(state.find("log=" + home + "/torc_output/torc_worker_42_ws1.log\n"), std::string::npos);
  EXPECT_EQ(base::read_file(home + "/torc_output/.torc_server_42"), "server-1\n");
}

TEST_P(StartScripts, LetTheRunnerIgnoreHangupsWithoutNohup) {
  hide("nohup");
  const auto result = start();
  ASSERT_TRUE(result.start.ok) << result.start.message << transport.last.err;
  const auto pid = static_cast<pid_t>(*result.start.pid);
  EXPECT_EQ(::getsid(pid), pid);
  const auto status = base::read_file("/proc/" + std::to_string(pid) + "/status");
  const auto ignored = std::stoull(status.substr(status.find("SigIgn:") + 7), nullptr, 16);
  EXPECT_NE(ignored & (1ULL << (SIGHUP - 1)), 0ULL);
}

TEST_P(StartScripts, StartsAWorkerWithItsSettings) {
  write_program(transport.home() / "own/torc", k_fake_torc);
  set_torc("#!/bin/sh\necho torc 0.6.5\n");
  settings.of_worker["ws1"] = {.torc = (transport.home() / "own/torc").string(),
                               .output_dir = "out/own",
                               .run_options = {"--num-cpus", "3"},
                               .environment = {{"state", "odd"}, {"log", "x"}, {"TEXT", "it's \"two\" words"}}};
  settings.of_worker["ws2"] = {.output_dir = "others"};
  for (const std::size_t width : {1U, 0U}) {
    const auto result = start(width);
    ASSERT_TRUE(result.start.ok) << result.check.message << result.start.message << transport.last.err;
    const auto home = fs::canonical(transport.home()).string();
    EXPECT_EQ(base::split_lines(base::read_file(home + "/run_arguments")),
              (std::vector<std::string>{"run", "42", "--output-dir", home + "/out/own", "--num-cpus", "3"}));
    const auto environment = base::read_file(home + "/run_environment");
    for (const char* wanted : {"state=odd\n", "log=x\n", "TEXT=it's \"two\" words\n", "TORC_API_URL=http"}) {
      EXPECT_NE(environment.find(wanted), std::string::npos) << wanted << environment;
    }
    EXPECT_EQ(environment.find("TORC_RUNNER_ENVIRONMENT"), std::string::npos);
    EXPECT_TRUE(fs::exists(state_directory() / "worker"));
    ::kill(-static_cast<pid_t>(*result.start.pid), SIGKILL);
    EXPECT_TRUE(comes_true([&] { return query_state(transport, worker, workflow, "").state != State::running; }));
  }
}

TEST_P(StartScripts, SetsTheEnvironmentOfTheRunner) {
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  const auto lines = base::split_lines(base::read_file(transport.home() / "run_environment"));
  const std::set<std::string> environment(lines.begin(), lines.end());
  for (const std::string& wanted :
       {std::string("TORC_API_URL=http://127.0.0.1:1/torc-service/v1"), std::string("TORC_PASSWORD=it's \"secret\""),
        std::string("TORC_WORKER_ADDRESS=ws1"), std::string("TORC_WORKER_KEY=ws1"),
        std::string("TORC_WORKER_READY_FD=9"), "TORC_WORKER_STATE=" + state_directory().string()}) {
    EXPECT_TRUE(environment.contains(wanted)) << wanted;
  }
}

TEST_P(StartScripts, UsesTwoConnectionsBeyondTheWidth) {
  const auto result = start(0);
  EXPECT_TRUE(result.start.ok) << result.start.message << transport.last.err;
  EXPECT_EQ(transport.connections, 2);
}

TEST_P(StartScripts, StartsNothingIfTheDecisionIsNo) {
  const auto results =
      check_and_start(transport, {worker}, settings, [](const std::vector<Check>&) { return std::vector<char>{0}; });
  EXPECT_TRUE(results.front().check.ok()) << results.front().check.message;
  EXPECT_FALSE(results.front().tried);
  EXPECT_FALSE(fs::exists(transport.home() / "torc_output"));
}

TEST_P(StartScripts, PassesOnAnExceptionOfTheDecision) {
  const auto decide = [](const std::vector<Check>&) -> std::vector<char> { throw base::Error("no"); };
  EXPECT_THROW(check_and_start(transport, {worker}, settings, decide), base::Error);
  EXPECT_FALSE(fs::exists(state_directory() / "worker"));
}

TEST_P(StartScripts, FindsARunningWorkerAndStartsNoSecondOne) {
  const auto first = start();
  ASSERT_TRUE(first.start.ok) << transport.last.err;
  const auto second = start();
  EXPECT_TRUE(second.start.ok);
  EXPECT_TRUE(second.start.already_running);
  EXPECT_EQ(second.start.pid, first.start.pid);
  EXPECT_EQ(second.check.running_pid, first.start.pid);
}

TEST_P(StartScripts, StartsAgainIfAnotherProcessHasThePid) {
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  auto text = base::read_file(state_directory() / "worker");
  const auto pid = std::stoi(text.substr(text.find('=') + 1));
  ::kill(-pid, SIGKILL);
  text = base::replace_all(text, "pid=" + std::to_string(pid), "pid=" + std::to_string(::getpid()));
  write_text(state_directory() / "worker", text);
  const auto again = start();
  EXPECT_TRUE(again.start.ok) << again.start.message;
  EXPECT_FALSE(again.start.already_running);
}

TEST_P(StartScripts, ShowsTheLogOfARunnerThatDies) {
  set_torc(
      "#!/bin/sh\ncase $1 in\n"
      "worker-probe) echo '{\"torc_probe\":1,\"version\":\"0.23.0\",\"server\":{\"reached\":true}}';;\n"
      "run) echo first; printf 'Error: connection refused'; exit 3;; esac\n");
  const auto result = start();
  EXPECT_FALSE(result.start.ok);
  EXPECT_EQ(result.start.message, "Process died immediately. Last log:\n  first\n  Error: connection refused")
      << transport.last.err;
}

TEST_P(StartScripts, AcceptsOutputDirectoriesWithAnyName) {
  settings.output_dir = "it's a \"dir\"; touch $HOME/evil `touch ~/evil`";
  const auto result = start();
  ASSERT_TRUE(result.start.ok) << result.start.message << transport.last.err;
  EXPECT_TRUE(fs::exists(transport.home() / settings.output_dir / "torc_worker_42_ws1.log"));
  EXPECT_FALSE(fs::exists(transport.home() / "evil"));
}

TEST_P(StartScripts, RefusesOutputOfAnotherServersWorkflow) {
  write_text(transport.home() / "torc_output/.torc_server_42", "server-2\n");
  auto result = start();
  EXPECT_EQ(result.check.problem, Check::Problem::output_dir);
  EXPECT_NE(result.check.message.find("torc remote delete-logs 42"), std::string::npos) << result.check.message;
  write_text(transport.home() / "torc_output/.torc_server_42", "server-1\n");
  EXPECT_TRUE(start().start.ok) << transport.last.err;
}

TEST_P(StartScripts, IsNotDisturbedByLoginNoise) {
  transport.noise = "echo 'pid=1'; echo '#torc-report'; printf 'no newline'\n";
  write_program(transport.home() / "bin/login-shell", "#!/bin/sh\necho hello\nshift\nexec sh \"$@\"\n");
  fs::rename(transport.home() / "bin/torc", transport.home() / "bin/hidden");
  fs::create_directories(transport.home() / ".local/bin");
  fs::rename(transport.home() / "bin/hidden", transport.home() / ".local/bin/torc");
  const auto result = start();
  EXPECT_TRUE(result.start.ok) << result.check.message << result.start.message << transport.last.err;
  EXPECT_EQ(result.check.torc, transport.home().string() + "/.local/bin/torc");
}

TEST_P(StartScripts, FindsTheTorcOfALoginShell) {
  write_program(transport.home() / "bin/login-shell",
                "#!/bin/sh\necho motd\nPATH=$HOME/elsewhere:$PATH\nshift\nexec sh \"$@\"\n");
  fs::create_directories(transport.home() / "elsewhere");
  fs::rename(transport.home() / "bin/torc", transport.home() / "elsewhere/torc");
  EXPECT_EQ(start().check.torc, transport.home().string() + "/elsewhere/torc") << transport.last.err;
}

TEST_P(StartScripts, ReportsWhereItSearchedForTorc) {
  fs::remove(transport.home() / "bin/torc");
  auto result = start();
  EXPECT_EQ(result.check.problem, Check::Problem::version);
  EXPECT_TRUE(result.check.message.starts_with("torc not found on ws1 (searched PATH and ~/.local/bin)"));
  settings.remote_torc = "~/opt/my torc";
  result = start();
  EXPECT_EQ(result.check.message, "torc not found on ws1 ('~/opt/my torc' is not an executable file)");
  write_program(transport.home() / "opt/my torc", k_fake_torc);
  EXPECT_TRUE(start().start.ok) << transport.last.err;
}

TEST_P(StartScripts, ComparesVersions) {
  set_torc("#!/bin/sh\necho torc 0.6.5\n");
  auto result = start();
  EXPECT_EQ(result.check.problem, Check::Problem::version);
  EXPECT_EQ(result.check.message, "Version mismatch: local=0.23.0, ws1=0.6.5");
  settings.skip_version_check = true;
  EXPECT_TRUE(start().check.ok());
}

TEST_P(StartScripts, ReportsWhyATorcDoesNotStart) {
  set_torc("#!/bin/sh\necho 'torc: error while loading shared libraries: libx.so' >&2\nexit 127\n");
  EXPECT_EQ(start().check.message, "torc does not start on ws1: torc: error while loading shared libraries: libx.so");
}

TEST_P(StartScripts, ChecksWhetherTheServerIsReachable) {
  set_torc(
      "#!/bin/sh\necho '{\"torc_probe\":1,\"version\":\"0.23.0\",\"server\":{\"reached\":false,\"error\":"
      "\"connection refused\"}}'\n");
  const auto result = start();
  EXPECT_EQ(result.check.problem, Check::Problem::server);
  EXPECT_EQ(result.check.message, "connection refused");
}

TEST_P(StartScripts, StartsATorcWithoutTheProbeIfItStaysAlive) {
  set_torc(
      "#!/bin/sh\ncase $1 in --version) echo torc 0.23.0;; run) exec sleep 300;;\n"
      "*) echo no such command; exit 2;; esac\n");
  const auto result = start();
  ASSERT_TRUE(result.start.ok) << result.start.message << transport.last.err;
  set_torc("#!/bin/sh\ncase $1 in --version) echo torc 0.23.0;; *) echo Error: gone; exit 2;; esac\n");
  ::kill(-static_cast<pid_t>(*result.start.pid), SIGKILL);
  EXPECT_TRUE(
      comes_true([&] { return start().start.message == "Process died immediately. Last log:\n  Error: gone"; }));
}

TEST_P(StartScripts, RecordsTheEndOfATorcWithoutTheProbe) {
  set_torc(
      "#!/bin/sh\ncase $1 in --version) echo torc 0.23.0;; run) while [ ! -e \"$HOME/done\" ]; do sleep 0.05; done;;\n"
      "*) exit 2;; esac\n");
  const auto state = [&] { return query_state(transport, worker, workflow, "").state; };
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  EXPECT_EQ(state(), State::running);
  write_text(transport.home() / "done", "");
  EXPECT_TRUE(comes_true([&] { return state() == State::finished; }));
  fs::remove(transport.home() / "done");
  const auto again = start();
  ASSERT_TRUE(again.start.ok) << transport.last.err;
  ::kill(static_cast<pid_t>(*again.start.pid), SIGKILL);
  EXPECT_TRUE(comes_true([&] { return state() == State::died; }));
}

TEST_P(StartScripts, FindsARunnerThatAnOlderTorcStarted) {
  write_program(transport.home() / "old/torc", "#!/bin/sh\nwhile :; do sleep 0.1; done\n");
  proc::SpawnOptions options;
  options.argv = {(transport.home() / "old/torc").string(), "run", "42", "--output-dir", "torc_output"};
  auto legacy = proc::Child::spawn(options);
  const auto pid_file = transport.home() / "torc_output/torc_worker_42.pid";
  write_text(pid_file, std::to_string(legacy.pid()) + "\n");
  for (const std::size_t width : {1U, 0U}) {
    const auto result = start(width);
    EXPECT_TRUE(result.start.already_running);
    EXPECT_EQ(result.start.pid, legacy.pid());
  }
  EXPECT_FALSE(fs::exists(state_directory() / "worker"));
  legacy.signal(SIGKILL);
  legacy.wait();
  const auto result = start();
  EXPECT_TRUE(result.start.ok && !result.start.already_running) << result.start.message;
}

TEST_P(StartScripts, OnlyOneOfTwoConcurrentStartsSucceeds) {
  LocalTransport other(transport.home(), GetParam());
  other.slots = 0;
  StartResult second;
  std::jthread thread([&] {
    second = check_and_start(other, {worker}, settings, [](const auto&) { return std::vector<char>{1}; }).front();
  });
  const auto first = start(0);
  thread.join();
  ASSERT_TRUE(first.start.ok && second.start.ok) << first.start.message << second.start.message;
  EXPECT_EQ(first.start.pid, second.start.pid);
  EXPECT_NE(first.start.already_running, second.start.already_running);
}

TEST_P(StartScripts, KeepTheirStateFromOthers) {
  const auto state = state_directory();
  // As created by an older torc.
  write_text(state / "start_lock", "");
  for (auto directory = state; directory != transport.home(); directory = directory.parent_path()) {
    fs::permissions(directory, fs::perms::all);
  }
  fs::permissions(state / "start_lock", fs::perms::all);
  transport.noise = "umask 0\n";
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  for (auto directory = state; directory != transport.home() / ".local/state"; directory = directory.parent_path()) {
    EXPECT_EQ(fs::status(directory).permissions(), fs::perms::owner_all) << directory;
  }
  for (const char* name : {"start_lock", "worker", "start"}) {
    EXPECT_EQ(fs::status(state / name).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  }
  EXPECT_NE(fs::status(transport.home() / "torc_output").permissions(), fs::perms::owner_all) << "it follows the umask";
}

TEST_P(StartScripts, NameTheStartThatHoldsTheLock) {
  write_text(state_directory() / "start_lock", "process 77 on ws1, started from login1\n");
  const base::Fd lock = base::open_file(state_directory() / "start_lock", O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  settings.lock_timeout = std::chrono::milliseconds(500);
  const auto began = std::chrono::steady_clock::now();
  const auto result = start();
  EXPECT_FALSE(result.start.ok);
  EXPECT_EQ(result.start.message,
            "this worker is already being started: process 77 on ws1, started from login1 holds " +
                (state_directory() / "start_lock").string() + "; try again when it has ended");
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(400));
  EXPECT_EQ(transport.last.err, "");
}

TEST_P(StartScripts, ReportThatTheRecordedHolderOfTheLockHasEnded) {
  proc::SpawnOptions options;
  options.argv = {"true"};
  auto ended = proc::Child::spawn(options);
  ended.wait();
  write_text(state_directory() / "start_lock",
             fmt::format("process {} on {}, started from login1\n", ended.pid(), proc::host_name()));
  const base::Fd lock = base::open_file(state_directory() / "start_lock", O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  settings.lock_timeout = std::chrono::milliseconds(100);
  const auto message = start().start.message;
  EXPECT_NE(message.find(fmt::format("process {}, which has ended", ended.pid())), std::string::npos) << message;
}

TEST_P(StartScripts, NameTheHolderOfTheLockWithinAShortLimit) {
  write_text(state_directory() / "start_lock", "process 77 on ws1, started from login1\n");
  const base::Fd lock = base::open_file(state_directory() / "start_lock", O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  settings.limit = std::chrono::seconds(4);
  transport.limit = settings.limit;
  const auto message = start().start.message;
  EXPECT_NE(message.find("process 77 on ws1"), std::string::npos) << message;
}

TEST_P(StartScripts, ReportWhyTheLockCannotBeTaken) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "this shell has its own flock";
  }
  write_program(transport.home() / "bin/flock", "#!/bin/sh\necho 'flock: 8: No locks available' >&2\nexit 71\n");
  const auto result = start();
  EXPECT_FALSE(result.start.ok);
  EXPECT_EQ(result.start.message,
            "cannot lock " + (state_directory() / "start_lock").string() + ": flock: 8: No locks available");
}

TEST_P(StartScripts, RecordTheHolderOfTheLock) {
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  const auto holder = base::read_file(state_directory() / "start_lock");
  EXPECT_TRUE(holder.starts_with("process ")) << holder;
  EXPECT_TRUE(holder.ends_with(fmt::format(" on {0}, started from {0}\n", proc::host_name()))) << holder;
}

TEST_P(StartScripts, RemoveVariablesOfTheSession) {
  transport.variables = {"SSH_CLIENT=1",           "SSH2_CLIENT=1", "SSH_CONNECTION=1",  "SSH_TTY=1",
                         "SSH_ORIGINAL_COMMAND=1", "SHLVL=0",       "SSH_AUTH_SOCK=kept"};
  // Simulates a system whose sh is bash, which sets SHLVL for its children.
  if (std::string(GetParam()) == "bash") {
    fs::create_symlink("/bin/bash", transport.home() / "bin/sh");
  }
  ASSERT_TRUE(start().start.ok) << transport.last.err;
  // The fake torc is a shell, which may change its variables; /proc has the original ones.
  const auto pid = static_cast<pid_t>(*query_state(transport, worker, workflow, "").pid);
  std::vector<std::string> names;
  for (const auto& entry : proc::environment_of(pid)) {
    const auto name = entry.substr(0, entry.find('='));
    if (name.starts_with("SSH") || name == "SHLVL") {
      names.push_back(name);
    }
  }
  EXPECT_EQ(names, std::vector<std::string>{"SSH_AUTH_SOCK"});
}

TEST_P(StartScripts, KeepThePreviousLogOrStartNothing) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "this shell has its own mv";
  }
  write_text(transport.home() / "torc_output/torc_worker_42_ws1.log", "how it died\n");
  write_program(transport.home() / "bin/mv", "#!/bin/sh\ncase $* in *.old) exit 1 ;; esac\nexec /usr/bin/mv \"$@\"\n");
  const auto result = start();
  EXPECT_TRUE(result.start.message.starts_with("cannot rename the previous log")) << result.start.message;
  EXPECT_EQ(base::read_file(transport.home() / "torc_output/torc_worker_42_ws1.log"), "how it died\n");
}

/// Restarts of workers that died.
class StartAgain : public StartScripts {
 protected:
  StartAgain() {
    settings.output_dir = "it's $HOME";
    settings.later_options = {"--end-time", "2100-01-01T00:00:00Z"};
    settings.of_worker["ws1"].environment = {{"COLOUR", "dark\nred"}};
  }

  StartResult start_again(std::size_t width = 1) {
    StartSettings kept = settings;
    settings = StartSettings{.workflow = kept.workflow, .version = kept.version, .environment = kept.environment};
    settings.again = true;
    const auto result = start(width);
    settings = kept;
    return result;
  }

  /// Starts a runner and kills it.
  void start_and_kill() {
    const auto result = start();
    ASSERT_TRUE(result.start.ok) << result.check.message << result.start.message << transport.last.err;
    kill_runner(result);
  }

  void kill_runner(const StartResult& result) {
    ::kill(-static_cast<pid_t>(result.start.pid.value_or(0)), SIGKILL);
    ASSERT_TRUE(comes_true([&] { return query_state(transport, worker, workflow, "").state == State::died; }));
  }
};

TEST_P(StartAgain, UsesTheRecordOfTheLastStart) {
  start_and_kill();
  for (const std::size_t width : {1U, 0U}) {
    const auto result = start_again(width);
    ASSERT_TRUE(result.start.ok && !result.start.already_running)
        << result.check.message << result.start.message << transport.last.err;
    const auto home = fs::canonical(transport.home()).string();
    EXPECT_EQ(base::read_file(home + "/run_arguments"),
              "run\n42\n--output-dir\n" + home + "/it's $HOME\n--end-time\n2100-01-01T00:00:00Z\n");
    const auto environment = base::read_file(home + "/run_environment");
    EXPECT_NE(environment.find("COLOUR=dark\nred\n"), std::string::npos) << environment;
    EXPECT_NE(environment.find("TORC_PASSWORD=it's \"secret\"\n"), std::string::npos) << environment;
    kill_runner(result);
  }
  const auto kept = state_directory() / "start";
  EXPECT_EQ(base::read_file(kept.string()).find("secret"), std::string::npos);
  EXPECT_EQ(base::read_file(kept.string()).find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(fs::status(kept).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_P(StartAgain, AcceptsAnotherVersionIfTheLastStartDid) {
  set_torc("#!/bin/sh\ncase $1 in --version) echo torc 0.6.5;; run) exec sleep 300;; *) exit 2;; esac\n");
  settings.skip_version_check = true;
  start_and_kill();
  const auto result = start_again();
  EXPECT_TRUE(result.start.ok) << result.check.message << result.start.message;
}

TEST_P(StartAgain, DoesNotRestartARunningWorker) {
  const auto first = start();
  const auto result = start_again();
  EXPECT_TRUE(result.start.already_running) << result.check.message;
  EXPECT_EQ(result.start.pid, first.start.pid);
}

TEST_P(StartAgain, RefusesWorkersThatMustStayDown) {
  const auto refusal = [&] {
    const auto result = start_again();
    EXPECT_FALSE(result.tried);
    EXPECT_EQ(result.check.problem, Check::Problem::not_restartable);
    return result.check.message;
  };
  EXPECT_EQ(refusal(), "it has no record of how it was started; start it with 'torc remote run'");
  start_and_kill();
  // There is no process to signal, but the stop is recorded.
  stop_workers(transport, {worker}, {.workflow = workflow}, [](const auto&) {});
  EXPECT_EQ(refusal(), "a stop was requested");
  start_and_kill();
  for (const std::string reason : {"finished", "canceled", "stopped", "time_over"}) {
    write_text(state_directory() / "ended", "reason=" + reason + "\nexit=0\n");
    EXPECT_EQ(refusal(), "it ended normally") << reason;
  }
  write_text(state_directory() / "ended", "reason=failed\nexit=1\n");
  const auto result = start_again();
  EXPECT_TRUE(result.start.ok) << result.check.message;
  kill_runner(result);
  settings.ends_at = std::chrono::system_clock::now() - std::chrono::seconds(10);
  start_and_kill();
  EXPECT_EQ(refusal(), "its time is over");
}

INSTANTIATE_TEST_SUITE_P(Shells, StartAgain, testing::Values("dash", "bash", "busybox"), shell_name);
INSTANTIATE_TEST_SUITE_P(Shells, StartScripts, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
