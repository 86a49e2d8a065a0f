// Compute nodes whose heartbeats have stopped.

#include "torc/store/actions.hpp"
#include "torc/store/compute_nodes.hpp"
#include "unit/store/raw_sql.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {

using model::JobStatus;
using Reason = Refused::Reason;

class LostNodesTest : public StoreTest {
 protected:
  /// A node that must send heartbeats.
  Id beating_node(const std::string& hostname = "h") {
    const Id id = node();
    model::ComputeNode named = get<model::ComputeNode>(connection, id);
    named.hostname = hostname;
    update_compute_node(connection, id, named);
    record_heartbeat(connection, id);
    return id;
  }
  Id start(Id node_id) {
    const auto jobs = claim_next_jobs(connection, {workflow, 1, node_id, run_id()});
    return jobs.at(0).id.value();
  }
  std::vector<nlohmann::json> events(const std::string& type) {
    std::vector<nlohmann::json> found;
    for (const auto& event : list<model::Event>(connection, {}, {}).items) {
      if (event.data.value("event_type", "") == type) {
        found.push_back(event.data);
      }
    }
    return found;
  }
  bool is_active(Id node_id) { return get<model::ComputeNode>(connection, node_id).is_active.value(); }
  static SilenceClock::time_point now() { return SilenceClock::now(); }
};

TEST_F(LostNodesTest, JobsOfALostNodeAreRequeuedAsTheirNextAttempt) {
  const Id running = job("running");
  const Id pending = job("pending");
  const Id ready = job("ready");
  initialize();
  const Id lost = beating_node("ws1");
  start(lost);
  claim(1, lost);
  connection.changes().claimable.clear();
  const auto result = mark_node_lost(connection, lost);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->requeued, (std::vector<Id>{running, pending}));
  EXPECT_TRUE(result->failed.empty());
  EXPECT_TRUE(connection.changes().claimable.contains(workflow)) << "parked claims must be tried again";
  EXPECT_FALSE(is_active(lost));
  for (const Id id : {running, pending}) {
    EXPECT_EQ(status(id), "ready");
    EXPECT_EQ(get_job(connection, id).attempt_id, 2);
  }
  EXPECT_EQ(get_job(connection, ready).attempt_id, 1);
  EXPECT_EQ(list<model::Result>(connection, {}, {}).total_count, 0);
  const auto told = events("compute_node_lost");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["compute_node_id"], lost);
  EXPECT_EQ(told[0]["hostname"], "ws1");
  EXPECT_EQ(told[0]["requeued_job_ids"], (nlohmann::json{running, pending}));
  EXPECT_NE(told[0]["message"].get<std::string>().find("no contact for"), std::string::npos);
  EXPECT_TRUE(claim(5, lost).empty()) << "a lost node is inactive";
  EXPECT_EQ(claim(5, beating_node()), (std::vector<Id>{running, pending, ready}));
}

TEST_F(LostNodesTest, OnlyActiveNodesThatHaveSentHeartbeatsAreLost) {
  job("a");
  initialize();
  const Id never_beats = node();
  start(never_beats);
  EXPECT_FALSE(mark_node_lost(connection, never_beats));
  EXPECT_EQ(status(1), "running");
  const Id gone = beating_node();
  auto left = get<model::ComputeNode>(connection, gone);
  left.is_active = false;
  update_compute_node(connection, gone, left);
  EXPECT_FALSE(mark_node_lost(connection, gone));
  EXPECT_FALSE(mark_node_lost(connection, 99));
  EXPECT_TRUE(events("compute_node_lost").empty());
  EXPECT_TRUE(silent_nodes(connection, now()).empty()) << "neither may be listed any more";
}

TEST_F(LostNodesTest, TheThirdLossFailsTheJobAndNamesTheHosts) {
  const Id a = job("a");
  const Id dependent = job("dependent", {a});
  const Id waits_anyway = job("waits anyway", {a}, false);
  initialize();
  for (const char* host : {"ws1", "ws2"}) {
    const Id lost = beating_node(host);
    EXPECT_EQ(start(lost), a);
    mark_node_lost(connection, lost);
    EXPECT_EQ(status(a), "ready");
  }
  const Id last = beating_node("ws3");
  start(last);
  const auto lost = mark_node_lost(connection, last);
  EXPECT_EQ(lost->failed, std::vector<Id>{a});
  EXPECT_EQ(status(a), "failed");
  EXPECT_EQ(status(dependent), "canceled");
  EXPECT_EQ(status(waits_anyway), "ready");
  const auto result = get<model::Result>(connection, 1);
  EXPECT_EQ(result.return_code, -128);
  EXPECT_EQ(result.status, JobStatus::failed);
  EXPECT_EQ(result.attempt_id, 3);
  EXPECT_EQ(result.compute_node_id, last);
  EXPECT_TRUE(connection.changes().ended.contains(workflow));
  const auto told = events("job_lost");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["hosts"], (nlohmann::json{"ws1", "ws2", "ws3"}));
  EXPECT_EQ(told[0]["return_code"], -128);
  auto late = StoreTest::result(a, last);
  late.attempt_id = 3;
  EXPECT_NE(refusal([&] { complete_job(connection, a, JobStatus::completed, 0, late); }, Reason::conflict), "");
  EXPECT_EQ(status(a), "failed");
}

TEST_F(LostNodesTest, LossesHaveTheirOwnCounterThatInitializationResets) {
  const Id a = job("a");
  initialize();
  const auto lose = [&] {
    const Id lost = beating_node();
    start(lost);
    return mark_node_lost(connection, lost);
  };
  lose();
  lose();
  const Id n = beating_node();
  start(n);
  EXPECT_NO_THROW(retry_job(connection, a, 0, 1)) << "it has not failed yet";
  reset_job_status(connection, workflow, false);
  initialize();
  EXPECT_EQ(lose()->requeued, std::vector<Id>{a});
  EXPECT_EQ(lose()->requeued, std::vector<Id>{a});
  EXPECT_EQ(lose()->failed, std::vector<Id>{a});
}

TEST_F(LostNodesTest, ReportsOfALostNodeAreRefused) {
  const Id a = job("a");
  initialize();
  const Id lost = beating_node();
  start(lost);
  mark_node_lost(connection, lost);
  auto stale = result(a, lost);
  stale.attempt_id = 1;
  const auto complete_stale = [&] { complete_job(connection, a, JobStatus::completed, 0, stale); };
  EXPECT_NE(refusal(complete_stale, Reason::conflict), "") << "no node has the job";
  const Id other = beating_node();
  start(other);
  EXPECT_NE(refusal(complete_stale, Reason::conflict), "") << "another node has the job";
  EXPECT_NE(refusal([&] { retry_job(connection, a, 0, 99, RetryReason::failure, 1); }, Reason::conflict), "");
  EXPECT_EQ(status(a), "running") << "the job must stay with the other node";
  auto current = result(a, other);
  current.attempt_id = 2;
  complete_job(connection, a, JobStatus::completed, 0, current);
  EXPECT_NE(refusal(complete_stale, Reason::conflict), "") << "the job is done";
  EXPECT_EQ(list<model::Result>(connection, {}, {}).total_count, 1);
}

TEST_F(LostNodesTest, EveryRequestOfANodeIsASignOfLife) {
  job("a");
  initialize();
  const Id n = beating_node();
  const auto is_heard_by = [&](const auto& request) {
    const auto before = now();
    EXPECT_EQ(silent_nodes(connection, before), std::vector<Id>{n});
    request();
    return silent_nodes(connection, before).empty();
  };
  EXPECT_TRUE(is_heard_by([&] { record_heartbeat(connection, n); }));
  EXPECT_TRUE(is_heard_by([&] { claim(0, n); }));
  EXPECT_TRUE(is_heard_by([&] { claim(1, n); }));
  EXPECT_TRUE(is_heard_by([&] { start_job(connection, 1, 0, n); }));
  EXPECT_TRUE(is_heard_by([&] { complete_job(connection, 1, JobStatus::completed, 0, result(1, n)); }));
  EXPECT_TRUE(is_heard_by([&] { record_open_connection(connection, workflow, n); }));
  EXPECT_FALSE(is_heard_by([&] { record_open_connection(connection, workflow + 1, n); })) << "a stranger named it";
  EXPECT_FALSE(is_heard_by([&] { record_sign_of_life(connection, workflow + 1, n); })) << "a stranger named it";
}

TEST_F(LostNodesTest, NodesCountAsSeenWhenTheServerStarts) {
  const Id n = beating_node();
  const Id never_beats = node();
  const Id inactive = node(false);
  auto other = database.open(Connection::Mode::write);
  EXPECT_TRUE(silent_nodes(other, now()).empty());
  const auto before = now();
  mark_all_nodes_seen(other);
  EXPECT_TRUE(silent_nodes(other, before).empty());
  EXPECT_EQ(silent_nodes(other, now()), std::vector<Id>{n}) << never_beats << " and " << inactive;
}

}  // namespace torc::store
