#include "runner/exchange/liveness.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Calls;
using Time = Liveness::Clock::time_point;

class LivenessTest : public ::testing::Test {
 protected:
  static model::ComputeNode description() {
    model::ComputeNode node;
    node.hostname = "host";
    return node;
  }
  /// Sends a heartbeat; the next one must be due after `interval`.
  void expect_interval(milliseconds interval) {
    const Time before = Liveness::Clock::now();
    liveness.send_heartbeat();
    const Time after = Liveness::Clock::now();
    EXPECT_GE(liveness.next(), before + interval);
    EXPECT_LE(liveness.next(), after + interval);
  }

  const testing::TempDir directory;
  testing::FakeApi api;
  RunnerLog log{directory.file("runner.log")};
  Liveness liveness{api, log, description()};
};

TEST_F(LivenessTest, RegistersTheComputeNode) {
  EXPECT_EQ(api.take_calls(), (Calls{"create_compute_node 3"}));
  EXPECT_EQ(liveness.node_id(), 3);
  EXPECT_EQ(liveness.node().hostname, "host");
  EXPECT_TRUE(liveness.is_due(Liveness::Clock::now()));
}

TEST_F(LivenessTest, SendsThreeHeartbeatsPerTimeoutOfTheServer) {
  api.heartbeat.timeout_seconds = 9;
  expect_interval(seconds(3));
  api.heartbeat.timeout_seconds = 0.1;
  expect_interval(milliseconds(100));
  api.heartbeat.timeout_seconds = 86'400;
  expect_interval(seconds(80));
  api.heartbeat.timeout_seconds.reset();
  expect_interval(k_heartbeat_interval);
}

TEST_F(LivenessTest, IsDueAfterTheInterval) {
  liveness.send_heartbeat();
  const Time next = liveness.next();
  EXPECT_FALSE(liveness.is_due(next - milliseconds(1)));
  EXPECT_TRUE(liveness.is_due(next));
  liveness.expedite();
  EXPECT_TRUE(liveness.is_due(Liveness::Clock::now()));
}

TEST_F(LivenessTest, StaysDueUntilTheServerAnswers) {
  api.is_away = true;
  EXPECT_THROW(liveness.send_heartbeat(), base::ApiError);
  EXPECT_TRUE(liveness.is_due(Liveness::Clock::now()));
}

TEST_F(LivenessTest, RejoinsAsAnotherComputeNode) {
  api.heartbeat.is_active = false;
  EXPECT_FALSE(liveness.send_heartbeat());
  api.take_calls();
  liveness.rejoin();
  EXPECT_EQ(liveness.node_id(), 4);
  EXPECT_TRUE(liveness.is_due(Liveness::Clock::now()));
  api.heartbeat.is_active = true;
  EXPECT_TRUE(liveness.send_heartbeat());
  EXPECT_EQ(api.take_calls(), (Calls{"create_compute_node 4", "heartbeat 4"}));
}

TEST_F(LivenessTest, RemembersADrainRequestOfTheServer) {
  EXPECT_FALSE(liveness.drain_requested());
  api.heartbeat.is_draining = true;
  EXPECT_TRUE(liveness.send_heartbeat());
  api.heartbeat.is_draining = false;
  liveness.send_heartbeat();
  EXPECT_TRUE(liveness.drain_requested());
}

TEST_F(LivenessTest, StaysActiveOnAServerWithoutHeartbeats) {
  api.capabilities.clear();
  api.heartbeat.is_active = false;
  api.take_calls();
  EXPECT_TRUE(liveness.send_heartbeat());
  EXPECT_TRUE(api.take_calls().empty());
}

TEST_F(LivenessTest, AnotherRequestPostponesTheHeartbeatIfTheLastOneIsRecent) {
  const Time before = Liveness::Clock::now();
  liveness.send_heartbeat();
  liveness.record_sign_of_life(before + seconds(60));
  EXPECT_EQ(liveness.next(), before + seconds(60) + k_heartbeat_interval);
  const Time next = liveness.next();
  liveness.record_sign_of_life(before + seconds(120));
  EXPECT_EQ(liveness.next(), next);
}

TEST_F(LivenessTest, DeactivatesTheComputeNodeWithTheUsageOfTheMachine) {
  api.take_calls();
  liveness.record_usage({.samples = 4, .peak_cpu_percent = 50, .avg_cpu_percent = 20, .peak_memory_bytes = 9},
                        {.node_memory = false});
  liveness.deactivate(seconds(12));
  EXPECT_EQ(api.take_calls(), (Calls{"update_compute_node 3"}));
  EXPECT_EQ(api.last_node.is_active, false);
  EXPECT_EQ(api.last_node.duration_seconds, 12.0);
  EXPECT_EQ(api.last_node.sample_count, 4);
  EXPECT_EQ(api.last_node.peak_cpu_percent, 50.0);
  EXPECT_FALSE(api.last_node.peak_memory_bytes);
}

}  // namespace
}  // namespace torc::runner
