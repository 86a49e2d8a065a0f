#include "runner/loop/worker_state.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runner_support.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

using testing::TempDir;

TEST(WorkerState, KeepsASecondRunnerOut) {
  const TempDir directory;
  const WorkerIdentity identity{.address = "alice@ws3:2222",
                                .key = "alice_ws3_2222",
                                .state_directory = directory.file("deep/er"),
                                .ready_fd = -1,
                                .lock_timeout = std::chrono::milliseconds(100)};
  {
    const WorkerState first(identity);
    try {
      const WorkerState second(identity);
      FAIL() << "no error";
    } catch (const base::Error& error) {
      EXPECT_EQ(
          std::string(error.what()),
          fmt::format("a runner of worker alice@ws3:2222 is already running: process {} on {} holds {}; stop it first",
                      ::getpid(), proc::host_name(), directory.file("deep/er/lock")));
      EXPECT_EQ(error.exit_code(), base::k_exit_failure);
    }
  }
  EXPECT_NO_THROW(WorkerState{identity});
}

TEST(WorkerState, IsOpenToItsOwnerOnly) {
  const TempDir directory;
  const auto before = ::umask(0);
  std::filesystem::create_directories(directory.file("old"));
  base::write_file_atomically(directory.file("old/worker"), "pid=1\nboot_id=x\n", 0666);
  for (const char* name : {"old", "new/er"}) {
    const WorkerState state({.address = "h", .key = "h", .state_directory = directory.file(name), .ready_fd = -1});
    state.record_end("stopped", 0, 4);
  }
  ::umask(before);
  const auto mode_of = [&](const std::string& name) {
    return std::filesystem::status(directory.file(name)).permissions();
  };
  for (const char* name : {"old", "new", "new/er"}) {
    EXPECT_EQ(mode_of(name), std::filesystem::perms::owner_all) << name;
  }
  for (const char* name : {"old/lock", "old/worker", "old/ended", "new/er/lock", "new/er/ended"}) {
    EXPECT_EQ(mode_of(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) << name;
  }
}

TEST(WorkerState, RecordsItsEnd) {
  const TempDir directory;
  const WorkerState state({.address = "h", .key = "h", .state_directory = directory.path(), .ready_fd = -1});
  state.record_end("stopped", 0, 4);
  const auto lines = base::split_lines(base::read_file(directory.file("ended")));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "reason=stopped");
  EXPECT_EQ(lines[1], "exit=0");
  EXPECT_TRUE(lines[2].starts_with("time=1") || lines[2].starts_with("time=2")) << lines[2];
  EXPECT_EQ(lines[3], "given_back=4");
}

TEST(WorkerState, ReportsReadyOnceAndCloses) {
  const TempDir directory;
  base::Pipe pipe = base::Pipe::create();
  WorkerState state(
      {.address = "h", .key = "h", .state_directory = directory.path(), .ready_fd = pipe.write_end.release()});
  state.report_ready();
  state.report_ready();
  EXPECT_EQ(base::read_all(pipe.read_end.get()), "ready\n");
}

TEST(WorkerIdentity, ComesFromTheEnvironment) {
  ::unsetenv("TORC_WORKER_KEY");
  EXPECT_EQ(worker_identity_from_environment(), std::nullopt);
  ::setenv("TORC_WORKER_KEY", "alice_ws3", 1);
  EXPECT_THROW(worker_identity_from_environment(), base::Error) << "no state directory";
  ::setenv("TORC_WORKER_STATE", "/tmp/state", 1);
  ::setenv("TORC_WORKER_ADDRESS", "alice@ws3", 1);
  ::setenv("TORC_WORKER_READY_FD", "999", 1);
  EXPECT_THROW(worker_identity_from_environment(), base::Error) << "no such descriptor";
  const base::Fd ready = base::open_file("/dev/null", O_WRONLY);
  ::setenv("TORC_WORKER_READY_FD", std::to_string(ready.get()).c_str(), 1);
  const auto identity = worker_identity_from_environment();
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->key, "alice_ws3");
  EXPECT_EQ(identity->address, "alice@ws3");
  EXPECT_EQ(identity->ready_fd, ready.get());
  for (const char* name : {"KEY", "STATE", "ADDRESS", "READY_FD"}) {
    ::unsetenv((std::string("TORC_WORKER_") + name).c_str());
  }
}

TEST(WorkerScheduler, DistinguishesThisProcessFromALaterOne) {
  const auto scheduler = worker_scheduler({.address = "alice@ws3", .key = "k", .state_directory = "/", .ready_fd = -1});
  EXPECT_EQ(scheduler["type"], "ssh");
  EXPECT_EQ(scheduler["worker"], "alice@ws3");
  EXPECT_EQ(scheduler["boot_id"], proc::boot_id());
  EXPECT_EQ(scheduler["start_ticks"], proc::start_ticks(::getpid()).value());
}

}  // namespace
}  // namespace torc::runner
