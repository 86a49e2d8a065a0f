#include "torc/proc/open_files.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <string>

#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

/// The limits of a child, as `ulimit -n` prints them in its first command.
std::string limit_of_child(int join_fd) {
  base::Pipe out = base::Pipe::create();
  Child child = Child::spawn(
      {.argv = {"sh", "-c", "ulimit -S -n; ulimit -H -n"}, .stdout_fd = out.write_end.get(), .join_fd = join_fd});
  out.write_end.reset();
  std::string said = base::read_all(out.read_end.get());
  child.wait();
  return said;
}

/// Runs in a child, because it changes the limits of the process. @returns the number of the failed check, or 0
int check_limits() {
  const rlimit low{.rlim_cur = 200, .rlim_max = 700};
  if (::setrlimit(RLIMIT_NOFILE, &low) != 0) {
    return 1;
  }
  if (limit_of_child(-1) != "200\n700\n") {
    return 2;
  }
  if (raise_open_files(500) != 500 || raise_open_files(300) != 500) {
    return 3;
  }
  if (raise_open_files() != 700) {
    return 4;
  }
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur != 700) {
    return 5;
  }
  if (limit_of_child(-1) != "200\n700\n") {
    return 6;
  }
  base::Pipe procs = base::Pipe::create();
  return limit_of_child(procs.write_end.get()) == "200\n700\n" ? 0 : 7;
}

TEST(OpenFiles, LimitIsRaisedForThisProcessButNotItsChildren) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(check_limits());
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the number of the failed check";
}

}  // namespace
}  // namespace torc::proc
