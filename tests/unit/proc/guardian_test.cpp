#include "torc/proc/guardian.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include <gtest/gtest.h>

#include "proc/file_pages.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
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

/// The kB of /proc/PID/status that `name` stands in front of.
std::int64_t kilobytes(pid_t pid, const std::string& name) {
  for (const auto& line : base::split_lines(base::read_file("/proc/" + std::to_string(pid) + "/status"))) {
    if (line.starts_with(name + ":")) {
      return std::stoll(line.substr(name.size() + 1));
    }
  }
  return -1;
}

TEST(FilePages, CanBeGivenBackAndComeAgain) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto before = kilobytes(::getpid(), "RssFile");
    drop_file_pages();
    const auto after = kilobytes(::getpid(), "RssFile");
    std::cout << "file pages: " << before << " kB before, " << after << " kB after\n" << std::flush;
    ::_exit(after > 0 && after < before * 3 / 4 ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(ExitStatus::from_wait_status(status).return_code(), 7);
}

}  // namespace
}  // namespace torc::proc
