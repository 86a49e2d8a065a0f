#include "torc/proc/guardian.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

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
  const auto before = kilobytes(::getpid(), "RssFile");
  drop_file_pages();
  const auto after = kilobytes(::getpid(), "RssFile");
  EXPECT_GT(after, 0);
  EXPECT_LT(after, before * 3 / 4) << "of " << before << " kB; and this program still works";
}

}  // namespace
}  // namespace torc::proc
