#include "app/fleet/worker_poller.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace torc::app {
namespace {

using remote::State;

/// A transport for which all workers are unreachable.
class DeadTransport : public remote::Transport {
 public:
  proc::CommandResult run(const model::WorkerAddress&, const remote::ScriptCall&) override {
    ++calls;
    return {.end = proc::CommandResult::End::exited, .code = 255, .err = "No route to host"};
  }
  proc::CommandResult fetch(const model::WorkerAddress&, const std::string&, const std::string&,
                            std::int64_t) override {
    return {};
  }
  proc::CommandResult send(const model::WorkerAddress&, const std::string&, const std::string&) override { return {}; }
  std::size_t width() const override { return 2; }

  std::atomic<int> calls{0};
};

class WorkerPollerTest : public testing::Test {
 protected:
  /// Takes answers until there are `count`.
  WorkerPoller::Answers answers(std::size_t count) {
    WorkerPoller::Answers all;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (all.states.size() + all.starts.size() < count && std::chrono::steady_clock::now() < deadline) {
      auto some = m_poller.take_answers();
      all.states.insert(all.states.end(), some.states.begin(), some.states.end());
      all.starts.merge(some.starts);
      std::this_thread::yield();
    }
    return all;
  }

  static std::map<std::string, WorkerNode> node_of(const std::string& worker, bool is_active) {
    WorkerNode known;
    known.node.is_active = is_active;
    return {{worker, known}};
  }

  Fleet m_fleet{.workflow_id = 42, .workers = remote::make_workers({"a", "b", "c"})};
  DeadTransport m_transport;
  /// Longer than this machine's uptime, as shortly after a boot, on which "at once" must not depend.
  static constexpr std::chrono::hours k_interval{100 * 365 * 24};
  WorkerPoller m_poller{m_fleet, {.server_id = "id", .workflow_id = 42}, m_transport, k_interval};
};

TEST_F(WorkerPollerTest, QueriesEachWorkerOncePerInterval) {
  m_poller.set_just_started(2, {.state = State::running});
  m_poller.poll();
  EXPECT_TRUE(m_poller.is_busy(0));
  EXPECT_FALSE(m_poller.is_busy(2)) << "its state is known already";
  EXPECT_EQ(answers(2).states.size(), 2U);
  EXPECT_EQ(m_poller.worker(0).state->state, State::unreachable);
  EXPECT_EQ(m_poller.worker(0).state->message, "No route to host");
  m_poller.poll();
  EXPECT_FALSE(m_poller.is_busy(0));
  m_poller.make_due(1);
  m_poller.poll();
  EXPECT_FALSE(m_poller.is_busy(0));
  EXPECT_EQ(answers(1).states, std::vector<std::size_t>{1});
  EXPECT_EQ(m_transport.calls, 3);
}

TEST_F(WorkerPollerTest, MakesOneCallAtATimePerWorker) {
  m_poller.start(0, [] { return remote::StartResult{.tried = true}; });
  m_poller.query(0);
  const auto all = answers(1);
  EXPECT_EQ(all.starts.size(), 1U);
  EXPECT_TRUE(all.states.empty());
  EXPECT_EQ(m_transport.calls, 0);
}

TEST_F(WorkerPollerTest, KnowsWhichWorkersSeemGone) {
  m_poller.set_state(0, {.state = State::running}, /*query_at_once=*/false);
  m_poller.set_nodes(node_of("a", /*is_active=*/true));
  EXPECT_FALSE(m_poller.worker(0).seems_gone());
  m_poller.set_nodes(node_of("a", /*is_active=*/false));
  EXPECT_TRUE(m_poller.worker(0).seems_gone());
  m_poller.query(0);
  EXPECT_TRUE(m_poller.worker(0).queried_inactive);
  EXPECT_FALSE(m_poller.worker(0).answered_since_inactive);
  EXPECT_EQ(answers(1).states.size(), 1U);
  EXPECT_TRUE(m_poller.worker(0).answered_since_inactive);
  m_poller.set_state(0, {.state = State::running}, /*query_at_once=*/true);
  EXPECT_FALSE(m_poller.worker(0).seems_gone()) << "the compute node belongs to the previous runner";
}

}  // namespace
}  // namespace torc::app
