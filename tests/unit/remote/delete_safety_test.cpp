// Nothing is deleted on a worker if its tools are missing or fail, or while a runner may use the directory.

#include <fcntl.h>

#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "local_worker.hpp"
#include "torc/base/file.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/logs.hpp"

namespace torc::remote {
namespace {

/// The programs that these scripts call, and some that earlier versions called.
constexpr std::array<const char*, 19> k_tools{"find", "stat",  "cat",   "sed", "sort",   "uniq", "tar",
                                              "gzip", "cksum", "ls",    "rm",  "mktemp", "mv",   "wc",
                                              "head", "grep",  "sleep", "tr",  "uname"};

class DeleteSafety : public RemoteScripts {
 protected:
  void SetUp() override {
    RemoteScripts::SetUp();
    if (IsSkipped()) {
      return;
    }
    fs::create_directories(m_dir / "tmp");
    fs::create_directories(m_dir / "local");
    transport.variables = {"TMPDIR=" + (m_dir / "tmp").string()};
    settings.workflow = workflow;
    settings.local_dir = (m_dir / "local").string();
    settings.remove = true;
    write_text(precious(), "first\n");
  }

  fs::path output() const { return transport.home() / "torc_output"; }
  fs::path precious() const { return output() / "job_stdio/precious.txt"; }

  /// Removes this program from the worker's PATH, or makes it fail.
  void spoil(const std::string& tool, bool missing) {
    repair();
    m_spoiled = tool;
    fs::remove(m_tools / tool);
    if (!missing) {
      write_program(m_tools / tool, "#!/bin/sh\nexit 1\n");
    }
    transport.path = ":" + m_tools.string();
  }
  void repair() {
    if (m_spoiled.empty()) {
      fs::create_directories(m_tools);
      for (const auto& entry : fs::directory_iterator("/usr/bin")) {
        fs::create_symlink(entry.path(), m_tools / entry.path().filename());
      }
    } else {
      fs::remove(m_tools / m_spoiled);
      fs::create_symlink("/usr/bin/" + m_spoiled, m_tools / m_spoiled);
    }
  }

  void write_worker(const std::string& boot, const std::string& host, pid_t pid, std::uint64_t ticks) {
    write_text(state_directory() / "worker", fmt::format("pid={}\nstart_ticks={}\nboot_id={}\nhost={}\noutput_dir={}\n",
                                                         pid, ticks, boot, host, fs::canonical(output()).string()));
  }

  /// Records this process as a running worker.
  void write_own_worker(const std::string& boot) {
    write_worker(boot, proc::host_name(), ::getpid(), proc::start_ticks(::getpid()).value_or(0));
  }

  CollectResult collect() { return collect_logs(transport, {worker}, settings).front(); }
  DeleteResult remove() { return delete_logs(transport, worker, workflow, {}); }

  /// Calls `check` with each tool missing, and with each tool failing.
  template <typename Check>
  void for_each_spoiled_tool(Check&& check) {
    if (std::string(GetParam()) != "dash") {
      GTEST_SKIP() << "busybox has these tools built in; one shell is enough";
    }
    for (const char* tool : k_tools) {
      for (const bool missing : {true, false}) {
        SCOPED_TRACE(fmt::format("{} {}", tool, missing ? "is missing" : "fails"));
        spoil(tool, missing);
        check();
        fs::remove_all(settings.local_dir);
        fs::create_directories(settings.local_dir);
      }
    }
  }

  CollectSettings settings;

 private:
  fs::path m_tools{m_dir / "tools"};
  std::string m_spoiled{};
};

TEST_P(DeleteSafety, NoToolLetsAFileGoThatChangedAfterItWasPacked) {
  transport.on_fetched = [&] { std::ofstream(precious(), std::ios::app) << "later\n"; };
  for_each_spoiled_tool([&] {
    for (const bool force : {false, true}) {
      settings.force = force;
      write_text(precious(), "first\n");
      const auto result = collect();
      ASSERT_TRUE(fs::exists(precious())) << result.message;
      EXPECT_TRUE(force || !result.removed);
    }
  });
}

TEST_P(DeleteSafety, AFileThatChangedAndLooksOlderIsKept) {
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  transport.on_fetched = [&] {
    write_text(precious(), "other\n");
    fs::last_write_time(precious(), long_ago);
  };
  auto result = collect();
  EXPECT_FALSE(result.removed) << "such times occur on file servers whose clock is slow";
  EXPECT_EQ(result.message,
            fmt::format("saved to {}, but not deleted on the worker: {} changed since the archive was made",
                        result.file, fs::canonical(precious()).string()));
  settings.force = true;
  result = collect();
  EXPECT_TRUE(fs::exists(precious()));
}

TEST_P(DeleteSafety, ReportsMatchWhatWasDone) {
  for_each_spoiled_tool([&] {
    for (const bool force : {false, true}) {
      settings.force = force;
      write_text(precious(), "first\n");
      const auto result = collect();
      EXPECT_EQ(result.removed || result.kept, !fs::exists(precious())) << result.message;
      EXPECT_EQ(result.removed, !fs::exists(output())) << result.message;
      EXPECT_EQ(result.ok, result.removed || result.kept) << result.message;
      EXPECT_TRUE(result.ok || !result.message.empty());
    }
  });
}

TEST_P(DeleteSafety, NoToolLetsAnOpenFileGo) {
  settings.force = true;
  write_own_worker(proc::boot_id());
  const auto open_path = output() / "job_stdio/open.o";
  for_each_spoiled_tool([&] {
    write_text(precious(), "first\n");
    write_text(open_path, "so far\n");
    const base::Fd open = base::open_file(open_path, O_WRONLY | O_APPEND);
    const auto result = collect();
    ASSERT_TRUE(fs::exists(open_path)) << result.message;
  });
}

TEST_P(DeleteSafety, NoToolLetsTheOutputOfALiveWorkerGo) {
  write_own_worker(proc::boot_id());
  for_each_spoiled_tool([&] {
    EXPECT_FALSE(remove().ok);
    EXPECT_FALSE(collect().removed);
    ASSERT_TRUE(fs::exists(precious()));
  });
}

TEST_P(DeleteSafety, NoToolLetsTheOutputOfALiveWorkerOfAnOlderTorcGo) {
  write_program(transport.home() / "bin/torc", "#!/bin/sh\nsleep 300\n");
  proc::SpawnOptions options;
  options.argv = {(transport.home() / "bin/torc").string(), "run", "42"};
  auto legacy = proc::Child::spawn(options);
  write_text(output() / "torc_worker_42.pid", std::to_string(legacy.pid()) + "\n");
  for_each_spoiled_tool([&] {
    EXPECT_FALSE(remove().ok);
    EXPECT_FALSE(collect().removed);
    ASSERT_TRUE(fs::exists(precious()));
  });
  legacy.signal(SIGKILL);
  legacy.wait();
}

TEST_P(DeleteSafety, NoToolLetsADirectoryGoThatIsNotOfTorc) {
  write_text(transport.home() / "thesis/chapter1.tex", "...");
  for_each_spoiled_tool([&] {
    EXPECT_FALSE(delete_logs(transport, worker, workflow, "thesis").ok);
    ASSERT_TRUE(fs::exists(transport.home() / "thesis/chapter1.tex"));
  });
}

TEST_P(DeleteSafety, ALiveWorkerIsSeenWhateverIsKnownOfItsBoot) {
  // Older programs wrote "" if the boot ID could not be read.
  for (const std::string& boot : {proc::boot_id(), std::string("unknown"), std::string()}) {
    write_own_worker(boot);
    const auto result = remove();
    EXPECT_EQ(result.message, fmt::format("a runner uses the directory (PID {}); stop the runner first", ::getpid()))
        << boot;
    ASSERT_TRUE(fs::exists(precious()));
  }
}

TEST_P(DeleteSafety, AWorkerOfAnotherHostMayRunWhateverIsKnownOfItsBoot) {
  for (const std::string& boot : {proc::boot_id(), std::string("unknown"), std::string()}) {
    for (const std::string& host : {std::string("another"), std::string("unknown"), std::string()}) {
      write_worker(boot, host, 1, 1);
      const auto result = remove();
      EXPECT_NE(result.message.find(") may still use the directory; stop the runner first"), std::string::npos)
          << result.message;
      ASSERT_TRUE(fs::exists(precious())) << boot << " " << host;
    }
  }
  write_worker(proc::boot_id(), proc::host_name(), 1, 1);
  EXPECT_TRUE(remove().ok) << "this host can see that the process has ended";
}

TEST_P(DeleteSafety, ForceDeletesNothingThatAJobOnAnotherHostMayHaveOpen) {
  // On another host with the same home directory, processes and their open files cannot be seen from here.
  settings.force = true;
  for (const std::string& host : {std::string("another"), std::string("unknown"), std::string()}) {
    write_worker("another boot", host, 1, 1);
    fs::remove_all(state_directory().parent_path() / "ws2");
    fs::rename(state_directory(), state_directory().parent_path() / "ws2");
    const auto result = collect();
    EXPECT_FALSE(result.ok || result.removed || result.kept);
    EXPECT_TRUE(fs::exists(result.file));
    EXPECT_NE(
        result.message.find("a runner on " + (host.empty() ? "an unknown host" : host) + " (PID 1) may still use"),
        std::string::npos)
        << result.message;
    ASSERT_TRUE(fs::exists(precious())) << host;
  }
  write_text(state_directory().parent_path() / "ws2/worker", "");
  EXPECT_FALSE(collect().ok) << "an invalid file may belong to a worker of another host";
  ASSERT_TRUE(fs::exists(precious()));
  fs::remove_all(state_directory().parent_path() / "ws2");
  write_worker("another boot", "another", 1, 1);
  write_text(state_directory() / "ended", "reason=finished\n");
  EXPECT_TRUE(collect().removed) << "it has recorded its end";
}

TEST_P(DeleteSafety, AWorkerIsNotRecordedAsEndedWhileItsGuardianEndsJobs) {
  write_worker(proc::boot_id(), proc::host_name(), 1, 1);
  std::ofstream(state_directory() / "worker", std::ios::app)
      << fmt::format("guardian_pid={}\nguardian_ticks={}\n", ::getpid(), proc::start_ticks(::getpid()).value_or(0));
  settings.remove = false;
  EXPECT_TRUE(collect().ok);
  EXPECT_FALSE(fs::exists(state_directory() / "ended")) << "another host could assume that its jobs have ended";
}

TEST_P(DeleteSafety, AWorkerBelowOrAboveTheDirectoryCounts) {
  write_own_worker(proc::boot_id());
  write_text(transport.home() / "torc_worker_1.log", "");
  write_text(output() / "job_stdio/job_runner_1.log", "");
  EXPECT_FALSE(delete_logs(transport, worker, workflow, "torc_output/job_stdio").ok);
  const auto below = transport.home() / "all/of/it";
  fs::create_directories(below.parent_path());
  fs::rename(output(), below);
  write_text(transport.home() / "all/job_stdio/x", "");
  const auto canonical = fs::canonical(below).string();
  write_text(state_directory() / "worker",
             fmt::format("pid={}\nstart_ticks={}\nboot_id={}\nhost={}\noutput_dir={}\n", ::getpid(),
                         proc::start_ticks(::getpid()).value_or(0), proc::boot_id(), proc::host_name(), canonical));
  EXPECT_FALSE(delete_logs(transport, worker, workflow, "all").ok);
  EXPECT_TRUE(fs::exists(below / "job_stdio/precious.txt"));
}

TEST_P(DeleteSafety, JobsOfADeadRunnerThatItsGuardianEndsCount) {
  write_worker(proc::boot_id(), proc::host_name(), 1, 1);
  std::ofstream(state_directory() / "worker", std::ios::app)
      << fmt::format("guardian_pid={}\nguardian_ticks={}\n", ::getpid(), proc::start_ticks(::getpid()).value_or(0));
  EXPECT_FALSE(remove().ok);
  EXPECT_TRUE(fs::exists(precious()));
}

TEST_P(DeleteSafety, AnInvalidWorkerFileCountsAsAWorker) {
  write_text(state_directory().parent_path() / "ws2/worker", "");
  const auto result = remove();
  EXPECT_TRUE(result.message.starts_with("cannot determine whether a runner uses the directory")) << result.message;
  fs::remove(state_directory().parent_path() / "ws2/worker");
  EXPECT_TRUE(fs::exists(precious()));
}

INSTANTIATE_TEST_SUITE_P(Shells, DeleteSafety, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
