#include "torc/proc/guardian.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace torc::proc
