#include "runner/jobs/event_loop.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

using Clock = EventLoop::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EventLoop, WakesWhenAChildEnds) {
  EventLoop loop;
  proc::Child slow = proc::Child::spawn({.argv = {"sleep", "60"}});
  proc::Child quick = proc::Child::spawn({.argv = {"sleep", "0.05"}});
  loop.watch(slow.end_fd(), 1);
  loop.watch(quick.end_fd(), 2);
  const auto start = Clock::now();
  EXPECT_EQ(loop.wait(start + seconds(30)), std::vector<std::int64_t>{2});
  EXPECT_LT(Clock::now() - start, seconds(20));
  EXPECT_EQ(loop.wait({}), std::vector<std::int64_t>{2}) << "it must wake until the child is reaped";
  EXPECT_TRUE(quick.try_wait());
  EXPECT_TRUE(loop.wait({}).empty());
}

TEST(EventLoop, WakesAtItsTime) {
  EventLoop loop;
  const auto until = Clock::now() + milliseconds(30);
  EXPECT_TRUE(loop.wait(until).empty());
  EXPECT_GE(Clock::now(), until);
}

TEST(EventLoop, WakesOnceForAStop) {
  std::stop_source source;
  EventLoop loop;
  loop.wake_on(source.get_token());
  const auto start = Clock::now();
  std::jthread stopper([&] { source.request_stop(); });
  loop.wait(start + seconds(30));
  EXPECT_TRUE(source.stop_requested());
  EXPECT_LT(Clock::now() - start, seconds(20));
  // From now on it sleeps again, for callers that wait for the end of children.
  const auto until = Clock::now() + milliseconds(20);
  loop.wait(until);
  EXPECT_GE(Clock::now(), until);
}

TEST(EventLoop, WakesForAStopThatWasRequestedBefore) {
  std::stop_source source;
  source.request_stop();
  EventLoop loop;
  loop.wake_on(source.get_token());
  const auto start = Clock::now();
  loop.wait(start + seconds(30));
  EXPECT_LT(Clock::now() - start, seconds(20));
}

}  // namespace
}  // namespace torc::runner
