#include "app/fleet/worker_calls.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include <gtest/gtest.h>

namespace torc::app {
namespace {

/// Blocks calls until the test opens it.
class Gate {
 public:
  void open() {
    const std::scoped_lock lock(m_mutex);
    m_open = true;
    m_opened.notify_all();
  }
  void pass() {
    std::unique_lock lock(m_mutex);
    m_opened.wait(lock, [this] { return m_open; });
  }

 private:
  std::mutex m_mutex;
  std::condition_variable m_opened;
  bool m_open{false};
};

WorkerAnswer answer_of(std::int64_t pid) {
  return {.state = remote::WorkerState{.state = remote::State::running, .pid = pid}};
}

/// Takes answers until there are `count`.
std::map<std::size_t, WorkerAnswer> take_all(WorkerCalls& calls, std::size_t count) {
  std::map<std::size_t, WorkerAnswer> all;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (all.size() < count && std::chrono::steady_clock::now() < deadline) {
    all.merge(calls.take());
    std::this_thread::yield();
  }
  return all;
}

TEST(WorkerCalls, AnswerOneByOne) {
  Gate gate;
  WorkerCalls calls(2);
  calls.begin(0, [&] {
    gate.pass();
    return answer_of(7);
  });
  calls.begin(3, [] { return answer_of(8); });
  // The slow call does not delay the other.
  const auto first = take_all(calls, 1);
  ASSERT_TRUE(first.contains(3));
  EXPECT_EQ(first.at(3).state->pid, 8);
  EXPECT_TRUE(calls.is_under_way(0));
  EXPECT_FALSE(calls.is_under_way(3));
  gate.open();
  EXPECT_EQ(take_all(calls, 1).at(0).state->pid, 7);
  EXPECT_FALSE(calls.is_under_way(0));
}

TEST(WorkerCalls, RunAtMostTheGivenNumberAtOnce) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  WorkerCalls calls(3);
  for (std::size_t i = 0; i < 40; ++i) {
    calls.begin(i, [&] {
      const int count = ++now;
      most = std::max(most.load(), count);
      std::this_thread::yield();
      --now;
      return answer_of(1);
    });
  }
  EXPECT_EQ(take_all(calls, 40).size(), 40U);
  EXPECT_LE(most, 3);
}

TEST(WorkerCalls, ReportErrors) {
  WorkerCalls calls(1);
  calls.begin(0, []() -> WorkerAnswer { throw std::runtime_error("no pipes left"); });
  EXPECT_EQ(take_all(calls, 1).at(0).error, "no pipes left");
}

TEST(WorkerCalls, AreDroppedAtTheEndIfTheyHaveNotBegun) {
  Gate gate;
  Gate begun;
  std::atomic<int> made{0};
  std::jthread opener;
  {
    WorkerCalls calls(1);
    calls.begin(0, [&] {
      ++made;
      begun.open();
      gate.pass();
      return answer_of(1);
    });
    calls.begin(1, [&] {
      ++made;
      return answer_of(2);
    });
    begun.pass();
    opener = std::jthread([&] { gate.open(); });
  }
  EXPECT_GE(made, 1);
}

}  // namespace
}  // namespace torc::app
