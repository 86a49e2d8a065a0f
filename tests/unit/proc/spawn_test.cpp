#include "torc/proc/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "torc/base/error.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::proc {
namespace {

/// Tests both ways to start a program, which must do the same: the usual one, and the one for programs that join a
/// cgroup. A regular file replaces the group's cgroup.procs.
class Spawn : public ::testing::TestWithParam<bool> {
 protected:
  Spawn() : m_procs(::memfd_create("cgroup.procs", MFD_CLOEXEC)) {}

  bool joins() const { return GetParam(); }

  Child start(SpawnOptions options) const {
    options.join_fd = joins() ? m_procs.get() : -1;
    return Child::spawn(options);
  }

  /// The output of a program started with these options.
  std::string output_of(SpawnOptions options) const {
    base::Pipe pipe = base::Pipe::create();
    options.stdout_fd = pipe.write_end.get();
    Child child = start(std::move(options));
    pipe.write_end.reset();
    std::string out = base::read_all(pipe.read_end.get());
    child.wait();
    return out;
  }

  /// The content of the group's file.
  std::string procs() const {
    ::lseek(m_procs.get(), 0, SEEK_SET);
    return base::read_all(m_procs.get());
  }

 private:
  base::Fd m_procs;
};

INSTANTIATE_TEST_SUITE_P(Start, Spawn, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "InGroup" : "Plain"; });

/// A set of signals from the text of /proc/PID/status.
std::uint64_t signal_set(const std::string& status, const std::string& name) {
  const auto found = status.find(name + ":\t");
  return found == std::string::npos ? ~0ULL : std::stoull(status.substr(found + name.size() + 2, 16), nullptr, 16);
}

TEST_P(Spawn, GivesTheChildOnlyTheStandardDescriptors) {
  // A descriptor without close-on-exec, as a library might open it.
  const base::Fd leaky{::fcntl(STDIN_FILENO, F_DUPFD, 50)};
  ASSERT_GE(leaky.get(), 50);
  // ls itself opens one for the directory.
  EXPECT_EQ(output_of({.argv = {"ls", "/proc/self/fd"}}), "0\n1\n2\n3\n");
}

TEST_P(Spawn, UsesTheNullDeviceByDefault) {
  base::Pipe pipe = base::Pipe::create();
  Child child =
      start({.argv = {"sh", "-c", "readlink /proc/self/fd/0 /proc/self/fd/2"}, .stdout_fd = pipe.write_end.get()});
  pipe.write_end.reset();
  EXPECT_EQ(base::read_all(pipe.read_end.get()), "/dev/null\n/dev/null\n");
  EXPECT_TRUE(child.wait().ok());
}

TEST_P(Spawn, PlacesDescriptorsThatCrossEachOther) {
  // The child's standard output is descriptor 2 of this process, and the other way round.
  base::Pipe out = base::Pipe::create();
  base::Pipe err = base::Pipe::create();
  const base::Fd saved_out{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10)};
  const base::Fd saved_err{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10)};
  ::dup2(out.write_end.get(), STDOUT_FILENO);
  ::dup2(err.write_end.get(), STDERR_FILENO);
  Child child = start({.argv = {"sh", "-c", "echo to-out; echo to-err >&2"}, .stdout_fd = 2, .stderr_fd = 1});
  ::dup2(saved_out.get(), STDOUT_FILENO);
  ::dup2(saved_err.get(), STDERR_FILENO);
  EXPECT_TRUE(child.wait().ok());
  out.write_end.reset();
  err.write_end.reset();
  EXPECT_EQ(base::read_all(err.read_end.get()), "to-out\n");
  EXPECT_EQ(base::read_all(out.read_end.get()), "to-err\n");
}

TEST_P(Spawn, GivesTheChildTheOriginalMaskAndDefaultHandlers) {
  prepare_signals_for_children();
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigaddset(&blocked, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const std::string state = output_of({.argv = {"cat", "/proc/self/status"}});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(signal_set(state, "SigBlk"), 0U);
  // Signals 32 and 33 are reserved by the C library and cannot be changed.
  EXPECT_EQ(signal_set(state, "SigIgn") & ~0x180000000U, 0U);
  EXPECT_EQ(signal_set(state, "SigCgt"), 0U);
}

TEST_P(Spawn, CreatesSessionsAndGroups) {
  // Fields 1, 5 and 6 of /proc/PID/stat: pid, group, session.
  const std::vector<std::string> argv{"sh", "-c",
                                      "read -r pid a b c group session rest </proc/self/stat; "
                                      "echo $((pid == group)) $((pid == session))"};
  EXPECT_EQ(output_of({.argv = argv, .new_session = true}), "1 1\n");
  EXPECT_EQ(output_of({.argv = argv}), "1 0\n");
  EXPECT_EQ(output_of({.argv = argv, .new_group = false}), "0 0\n");
}

TEST_P(Spawn, SignalsTheChildAtTheEndOfTheThreadThatStartedIt) {
  Child child;
  std::thread([&] { child = start({.argv = {"sleep", "60"}, .death_signal = SIGUSR1}); }).join();
  const ExitStatus status = child.wait();
  EXPECT_TRUE(status.signaled);
  EXPECT_EQ(status.code, SIGUSR1);
}

TEST_P(Spawn, UsesTheEnvironmentAndDirectoryGiven) {
  EXPECT_EQ(
      output_of(
          {.argv = {"/bin/sh", "-c", "echo $A; pwd"}, .env = std::vector<std::string>{"A=1 2"}, .directory = "/"}),
      "1 2\n/\n");
  EXPECT_EQ(output_of({.argv = {"/usr/bin/env"}, .env = std::vector<std::string>{}}), "");
}

TEST_P(Spawn, NamesTheProgramThatCannotBeExecuted) {
  try {
    start({.argv = {"/no/such/program"}});
    FAIL() << "no error";
  } catch (const base::SystemError& error) {
    EXPECT_STREQ(error.what(), "cannot execute /no/such/program: No such file or directory");
    EXPECT_EQ(error.error_number(), ENOENT);
  }
  EXPECT_THROW(start({.argv = {}}), base::Error);
  EXPECT_THROW(start({.argv = {"echo", std::string("a\0b", 3)}}), base::Error);
}

TEST_P(Spawn, LooksProgramsUpInThePath) {
  EXPECT_EQ(output_of({.argv = {"echo", "found"}}), "found\n");
  try {
    start({.argv = {"no-such-program-anywhere"}});
    FAIL() << "no error";
  } catch (const base::SystemError& error) {
    EXPECT_EQ(error.error_number(), ENOENT);
  }
}

// As with execve(2) and unlike execvp(3), only the caller may run such a script in a shell.
TEST_P(Spawn, LeavesScriptsWithoutInterpreterToTheCaller) {
  std::string name = "/tmp/torc-spawn-XXXXXX";
  base::Fd file{::mkostemp(name.data(), O_CLOEXEC)};
  ASSERT_TRUE(file);
  base::write_all(file.get(), "echo hi\n");
  ::fchmod(file.get(), 0700);
  file.reset();
  try {
    start({.argv = {name}});
    ADD_FAILURE() << "no error";
  } catch (const base::SystemError& error) {
    EXPECT_EQ(error.error_number(), ENOEXEC);
  }
  ::unlink(name.c_str());
}

TEST_P(Spawn, MovesTheChildToItsGroupBeforeTheProgramRuns) {
  Child child = start({.argv = {"true"}});
  const pid_t pid = child.pid();
  EXPECT_EQ(procs(), joins() ? std::to_string(pid) : "");
  EXPECT_EQ(child.join_error(), 0);
  EXPECT_TRUE(child.wait().ok());
}

TEST(SpawnInGroup, RunsTheProgramEvenIfTheGroupRefusesIt) {
  const base::Fd refusing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Child child = Child::spawn({.argv = {"sh", "-c", "exit 5"}, .join_fd = refusing.get()});
  EXPECT_EQ(child.join_error(), EBADF);
  EXPECT_EQ(child.wait().return_code(), 5);
}

TEST(Child, ReportsItsEndThroughItsPidfd) {
  base::Pipe in = base::Pipe::create();
  Child child = Child::spawn({.argv = {"sh", "-c", "read -r x; exit 7"}, .stdin_fd = in.read_end.get()});
  EXPECT_EQ(child.try_wait(), std::nullopt);
  pollfd polled{child.end_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&polled, 1, 0), 0);
  in.write_end.reset();
  in.read_end.reset();
  ASSERT_EQ(::poll(&polled, 1, 10'000), 1);
  const auto status = child.try_wait();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->return_code(), 7);
  EXPECT_FALSE(child.running());
  EXPECT_EQ(child.try_wait(), std::nullopt) << "it must be reaped only once";
  EXPECT_THROW(child.wait(), base::Error);
}

TEST(Child, CountsASignalAs128PlusItsNumber) {
  Child child = Child::spawn({.argv = {"sh", "-c", "kill -9 $$"}});
  const ExitStatus status = child.wait();
  EXPECT_TRUE(status.signaled);
  EXPECT_EQ(status.return_code(), 137);
  EXPECT_FALSE(status.ok());
}

TEST(Child, IsKilledWithItsGroupByTheDestructor) {
  base::Pipe out = base::Pipe::create();
  pid_t pid = -1;
  {
    Child child =
        Child::spawn({.argv = {"sh", "-c", "sleep 60 & echo started; wait"}, .stdout_fd = out.write_end.get()});
    pid = child.pid();
    out.write_end.reset();
    char byte = 0;
    ASSERT_EQ(::read(out.read_end.get(), &byte, 1), 1);
    Child moved = std::move(child);
    child = Child{};
    EXPECT_EQ(::kill(pid, 0), 0) << "a move must not end it";
  }
  EXPECT_EQ(start_ticks(pid), std::nullopt);
  // The end of file means that the last writer, the sleep, has ended.
  EXPECT_EQ(base::read_all(out.read_end.get()), "tarted\n");
}

}  // namespace
}  // namespace torc::proc
