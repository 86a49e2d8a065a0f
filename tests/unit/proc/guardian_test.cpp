#include "torc/proc/guardian.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/file_pages.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

TEST(Guardian, IsKnownToTheProcessThatItGuards) {
  EXPECT_EQ(guardian(), 0) << "this process has none";
  const pid_t above = ::fork();
  ASSERT_GE(above, 0);
  if (above == 0) {
    split_off_guardian();
    ::_exit(guardian() > 0 && guardian() == ::getppid() ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(above, &status, 0), above);
  EXPECT_EQ(ExitStatus::from_wait_status(status).return_code(), 7);
}

/// @returns the pid of an orphan that has ended or will end at once
pid_t make_orphan() {
  base::Pipe pids = base::Pipe::create();
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t orphan = ::fork();
    if (orphan > 0) {
      base::write_all(pids.write_end.get(), std::to_string(orphan));
    }
    ::_exit(0);
  }
  pids.write_end.reset();
  ::waitpid(parent, nullptr, 0);
  const std::string pid = base::read_all(pids.read_end.get());
  return pid.empty() ? -1 : std::stoi(pid);
}

bool vanishes(pid_t pid) {
  for (int i = 0; i < 10'000 && ::kill(pid, 0) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ::kill(pid, 0) != 0;
}

TEST(Guardian, ReapsOrphans) {
  const pid_t above = ::fork();
  ASSERT_GE(above, 0);
  if (above == 0) {
    split_off_guardian();
    const std::array<pid_t, 3> orphans{make_orphan(), make_orphan(), make_orphan()};
    ::_exit(std::all_of(orphans.begin(), orphans.end(), [](pid_t pid) { return pid > 0 && vanishes(pid); }) ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(above, &status, 0), above);
  EXPECT_EQ(ExitStatus::from_wait_status(status).return_code(), 7);
}

/// The value of the field `name` of /proc/PID/status in kB.
std::int64_t kilobytes(pid_t pid, const std::string& name) {
  for (const auto& line : base::split_lines(base::read_file("/proc/" + std::to_string(pid) + "/status"))) {
    if (line.starts_with(name + ":")) {
      return std::stoll(line.substr(name.size() + 1));
    }
  }
  return -1;
}

TEST(FilePages, CanBeDroppedAndReadAgain) {
  const auto before = kilobytes(::getpid(), "RssFile");
  drop_file_pages();
  const auto after = kilobytes(::getpid(), "RssFile");
  EXPECT_GT(after, 0);
  EXPECT_LT(after, before * 3 / 4) << "of " << before << " kB";
}

}  // namespace
}  // namespace torc::proc
