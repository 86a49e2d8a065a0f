#include "torc/proc/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <string>

#include "torc/base/fd.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

/// A process that waits for a stop by a signal (tests/helpers/stop_on_signal.cpp).
class Stoppable {
 public:
  explicit Stoppable(const std::string& prefix = "", const std::string& argument = "") {
    base::Pipe out = base::Pipe::create();
    base::Pipe in = base::Pipe::create();
    m_child = Child::spawn({.argv = {"sh", "-c", prefix + "exec " TORC_HELPER_STOP_ON_SIGNAL " " + argument},
                            .stdin_fd = in.read_end.get(),
                            .stdout_fd = out.write_end.get()});
    m_out = std::move(out.read_end);
    m_in = std::move(in.write_end);
  }

  std::string line() {
    std::string text;
    char c = 0;
    while (::read(m_out.get(), &c, 1) == 1 && c != '\n') {
      text += c;
    }
    return text;
  }
  void send(int number) { m_child.signal(number); }
  ExitStatus end_input() {
    m_in.reset();
    return m_child.wait();
  }
  ExitStatus wait() { return m_child.wait(); }

 private:
  Child m_child;
  base::Fd m_out;
  base::Fd m_in;
};

TEST(StopOnSignal, TurnsTheFirstSignalIntoAStop) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    Stoppable program;
    ASSERT_EQ(program.line(), "ready");
    program.send(SIGUSR2);  // Has no effect if another process sends it.
    program.send(number);
    EXPECT_EQ(program.line(), "stopped " + std::to_string(number));
    EXPECT_TRUE(program.end_input().ok());
  }
}

TEST(StopOnSignal, EndsAtTheSecondSignal) {
  Stoppable program;
  ASSERT_EQ(program.line(), "ready");
  program.send(SIGTERM);
  ASSERT_EQ(program.line(), "stopped 15");
  program.send(SIGINT);
  const ExitStatus status = program.wait();
  EXPECT_FALSE(status.signaled);
  EXPECT_EQ(status.code, 128 + SIGINT);
}

TEST(StopOnSignal, RequestsAKillAtTheSecondSignal) {
  Stoppable program("", "hasten");
  ASSERT_EQ(program.line(), "ready");
  program.send(SIGTERM);
  ASSERT_EQ(program.line(), "stopped 15");
  program.send(SIGINT);
  EXPECT_EQ(program.line(), "haste");
  EXPECT_TRUE(program.end_input().ok());
}

TEST(StopOnSignal, LeavesIgnoredSignalsIgnored) {
  Stoppable program("trap '' HUP; ");  // As nohup does.
  ASSERT_EQ(program.line(), "ready");
  program.send(SIGHUP);
  program.send(SIGTERM);
  EXPECT_EQ(program.line(), "stopped 15");
  EXPECT_TRUE(program.end_input().ok());
}

TEST(StopOnSignal, RestoresTheMask) {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const StopOnSignal stop;
    sigset_t meanwhile;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &meanwhile);
    EXPECT_TRUE(::sigismember(&meanwhile, SIGTERM));
    EXPECT_FALSE(stop.token().stop_requested());
    EXPECT_EQ(stop.signal(), 0);
  }
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(::sigismember(&before, SIGTERM), ::sigismember(&after, SIGTERM));
}

}  // namespace
}  // namespace torc::proc
