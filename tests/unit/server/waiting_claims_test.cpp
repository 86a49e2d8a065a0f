// Parked claims, and claims that start their jobs.

#include <chrono>
#include <vector>

#include "torc/base/units.hpp"
#include "unit/server/service_fixture.hpp"

namespace torc::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WaitingClaimsTest : public ServiceTest {
 protected:
  WaitingClaimsTest() {
    make_workflow();
    node = make_node();
  }

  std::int64_t make_node() {
    return json("POST", "/compute_nodes",
                R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"t","is_active":true,"num_cpus":1,)"
                R"("memory_gb":1,"num_gpus":0,"num_nodes":1,"compute_node_type":"local"})")["id"]
        .get<std::int64_t>();
  }
  void add_jobs(int count, const std::string& more = "") {
    std::string body;
    for (int i = 0; i < count; ++i) {
      body += (i == 0 ? "" : ",") + (R"({"workflow_id":1,"name":"a","command":"c")" + more + "}");
    }
    ASSERT_EQ(ask("POST", "/bulk_jobs", R"({"jobs":[)" + body + "]}").status, 200);
  }
  void initialize() { ASSERT_EQ(ask("POST", "/workflows/1/initialize_jobs").status, 200); }
  std::future<Response> claim_later(const std::string& query) {
    return ask_later("POST", "/workflows/1/claim_next_jobs?" + query);
  }
  static bool is_answered(std::future<Response>& answer, milliseconds within = milliseconds{0}) {
    return answer.wait_for(within) == std::future_status::ready;
  }
  /// Whether the claim is still parked after all earlier requests have been processed.
  bool waits(std::future<Response>& answer) {
    ask("POST", "/workflows/1/claim_next_jobs?limit=0");
    return !is_answered(answer);
  }
  static std::size_t jobs_in(std::future<Response>& answer) {
    if (!is_answered(answer, seconds{10})) {
      ADD_FAILURE() << "there was no answer";
      return 0;
    }
    const auto response = answer.get();
    EXPECT_EQ(response.status, 200) << response.body;
    return model::parse_json(response.body)["jobs"].size();
  }
  void complete(int job) {
    const nlohmann::json result{{"job_id", job},           {"workflow_id", 1},     {"run_id", 0},
                                {"compute_node_id", node}, {"return_code", 0},     {"exec_time_minutes", 0},
                                {"completion_time", "t"},  {"status", "completed"}};
    EXPECT_EQ(ask("POST", "/jobs/" + std::to_string(job) + "/complete_job/completed/0", result.dump()).status, 200);
  }
  std::string status_of(int job) { return json("GET", "/jobs/" + std::to_string(job))["status"]; }

  std::int64_t node{0};
};

}  // namespace

TEST_F(WaitingClaimsTest, AClaimIsAnsweredByTheInitialization) {
  add_jobs(1);
  auto claim = claim_later("wait=60");
  EXPECT_TRUE(waits(claim));
  initialize();
  EXPECT_EQ(jobs_in(claim), 1U);
  EXPECT_EQ(status_of(1), "pending");
}

TEST_F(WaitingClaimsTest, AClaimIsAnsweredWhenTheLastBlockerEnds) {
  add_jobs(1);
  add_jobs(1, R"(,"depends_on_job_ids":[1])");
  initialize();
  ask("POST", "/workflows/1/claim_next_jobs");
  auto claim = claim_later("wait=60");
  EXPECT_TRUE(waits(claim));
  complete(1);
  EXPECT_EQ(jobs_in(claim), 1U);
}

TEST_F(WaitingClaimsTest, WaitingClaimsAreServedInOrderUpToTheNumberOfJobs) {
  add_jobs(3);
  std::vector<std::future<Response>> claims;
  for (int i = 0; i < 5; ++i) {
    claims.push_back(claim_later("limit=1&wait=60"));
  }
  initialize();
  for (std::size_t i = 0; i < 3; ++i) {
    const auto response = claims[i].get();
    EXPECT_EQ(model::parse_json(response.body)["jobs"][0]["id"], i + 1) << response.body;
  }
  EXPECT_TRUE(waits(claims[3]));
  EXPECT_TRUE(waits(claims[4]));
  ask("POST", "/jobs/2/retry/0?max_retries=3");  // Refused, because the job is pending.
  ask("PUT", "/jobs/2/manage_status_change/ready/0");
  EXPECT_EQ(jobs_in(claims[3]), 1U);
  EXPECT_TRUE(waits(claims[4]));
}

TEST_F(WaitingClaimsTest, AClaimThatDoesNotFitDoesNotBlockOthers) {
  add_jobs(1);
  const std::string small = R"({"num_cpus":0,"memory_gb":1,"num_gpus":0,"num_nodes":1})";
  const std::string large = R"({"num_cpus":4,"memory_gb":1,"num_gpus":0,"num_nodes":1})";
  const std::string path = "/workflows/1/claim_jobs_based_on_resources/1?wait=60";
  std::vector<std::future<Response>> small_ones;
  for (int i = 0; i < 300; ++i) {
    const std::string other = small.substr(0, small.size() - 1) + R"(,"id":)" + std::to_string(i) + "}";
    small_ones.push_back(ask_later("POST", path, other));
  }
  auto fits = ask_later("POST", path, large);
  initialize();
  EXPECT_EQ(jobs_in(fits), 1U) << "300 other claims, more than one group, come before it";
  EXPECT_TRUE(waits(small_ones.front()));
  EXPECT_TRUE(waits(small_ones.back()));
  ask("PUT", "/workflows/1/cancel");
  for (auto& claim : small_ones) {
    EXPECT_EQ(jobs_in(claim), 0U);
  }
}

TEST_F(WaitingClaimsTest, AClaimIsAnsweredAtItsDeadline) {
  add_jobs(1);
  const auto start = std::chrono::steady_clock::now();
  auto claim = claim_later("wait=1");
  EXPECT_EQ(jobs_in(claim), 0U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds{990});
  initialize();
  EXPECT_EQ(status_of(1), "ready") << "it must not be claimed for an answered client";
}

TEST_F(WaitingClaimsTest, TheEndOfTheWorkflowAnswersAll) {
  add_jobs(1);
  initialize();
  ask("POST", "/workflows/1/claim_next_jobs");
  auto claim = claim_later("wait=60");
  EXPECT_TRUE(waits(claim));
  complete(1);
  EXPECT_EQ(jobs_in(claim), 0U);
  auto late = claim_later("wait=60");
  EXPECT_EQ(jobs_in(late), 0U) << "there are no more jobs";
}

TEST_F(WaitingClaimsTest, CancellationAndDeletionAnswerAll) {
  add_jobs(1);
  auto first = claim_later("wait=60");
  ask("PUT", "/workflows/1/cancel");
  EXPECT_EQ(jobs_in(first), 0U);
  ask("POST", "/workflows/1/reset_status");
  auto second = claim_later("wait=60");
  EXPECT_TRUE(waits(second));
  ask("DELETE", "/workflows/1");
  ASSERT_TRUE(is_answered(second, seconds{10}));
  EXPECT_EQ(second.get().status, 404);
}

TEST_F(WaitingClaimsTest, ADisconnectedClientGetsNothing) {
  add_jobs(1);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  service.handle({.method = "POST", .target = "/torc-service/v1/workflows/1/claim_next_jobs?wait=60", .gone = gone},
                 [](const Response&) {});
  auto other = claim_later("wait=60");
  *gone = true;
  initialize();
  EXPECT_EQ(jobs_in(other), 1U);
}

TEST_F(WaitingClaimsTest, ANodeThatHasLeftGetsNothing) {
  add_jobs(1);
  const std::string node_path = "/compute_nodes/" + std::to_string(node);
  auto body = json("GET", node_path);
  auto claim = claim_later("start=true&run_id=0&wait=60&compute_node_id=" + std::to_string(node));
  EXPECT_TRUE(waits(claim));
  body["is_active"] = false;
  ask("PUT", node_path, body.dump());
  initialize();
  EXPECT_EQ(jobs_in(claim), 0U);
  EXPECT_EQ(status_of(1), "ready");
}

TEST_F(WaitingClaimsTest, AStopAnswersAtOnce) {
  add_jobs(1);
  auto claim = claim_later("wait=60");
  EXPECT_TRUE(waits(claim));
  service.end_waits();
  EXPECT_EQ(jobs_in(claim), 0U);
  auto late = claim_later("wait=60");
  EXPECT_EQ(jobs_in(late), 0U);
}

TEST_F(WaitingClaimsTest, ANegativeWaitIsRefusedAndZeroDoesNotWait) {
  add_jobs(1);
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?wait=-1").status, 422);
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?wait=soon").status, 400);
  auto none = claim_later("wait=0");
  EXPECT_EQ(jobs_in(none), 0U);
  auto no_limit = claim_later("wait=60&limit=0");
  EXPECT_EQ(jobs_in(no_limit), 0U) << "a claim for zero jobs gets none";
}

TEST_F(WaitingClaimsTest, ManyWaitingClaimsGetEachJobExactlyOnce) {
  constexpr int k_count = 500;
  add_jobs(k_count);
  std::vector<std::future<Response>> claims;
  for (int i = 0; i < k_count; ++i) {
    claims.push_back(claim_later("limit=1&wait=60"));
  }
  initialize();
  std::set<std::int64_t> ids;
  for (auto& claim : claims) {
    ASSERT_TRUE(is_answered(claim, seconds{10}));
    ids.insert(model::parse_json(claim.get().body)["jobs"].at(0)["id"].get<std::int64_t>());
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(k_count));
}

TEST_F(WaitingClaimsTest, AClaimStartsItsJobs) {
  ask("POST", "/files", R"({"workflow_id":1,"name":"f","path":"p","st_mtime":1})");
  add_jobs(1, R"(,"input_file_ids":[1])");
  initialize();
  const std::string who = "compute_node_id=" + std::to_string(node);
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?start=true&" + who).status, 422);
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?start=true&run_id=0").status, 422);
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?start=true&run_id=7&" + who).status, 422) << "another run";
  EXPECT_EQ(ask("POST", "/workflows/1/claim_next_jobs?start=true&run_id=0&compute_node_id=99").status, 422);
  EXPECT_EQ(status_of(1), "ready");
  const auto claimed = json("POST", "/workflows/1/claim_jobs_based_on_resources/5?start=true&run_id=0&" + who,
                            R"({"num_cpus":4,"memory_gb":1,"num_gpus":0,"num_nodes":1})")["jobs"];
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0]["status"], "running");
  EXPECT_EQ(status_of(1), "running");
  EXPECT_EQ(json("GET", "/jobs?workflow_id=1&active_compute_node_id=" + std::to_string(node))["count"], 1);
  complete(1);
  ask("PUT", "/files/1", R"({"workflow_id":1,"name":"f","path":"p","st_mtime":2})");
  EXPECT_EQ(json("POST", "/workflows/1/process_changed_job_inputs")["reinitialized_jobs"].size(), 1U)
      << "its inputs must be recorded at its start";
}

TEST_F(WaitingClaimsTest, ANewRunAnswersClaimsForAnotherRun) {
  add_jobs(1);
  auto claim = claim_later("start=true&run_id=0&wait=60&compute_node_id=" + std::to_string(node));
  EXPECT_TRUE(waits(claim));
  ask("PUT", "/workflows/1/status", R"({"run_id":1,"is_canceled":false})");
  initialize();
  ASSERT_TRUE(is_answered(claim, seconds{10}));
  EXPECT_EQ(claim.get().status, 422);
  EXPECT_EQ(status_of(1), "ready");
}

TEST_F(WaitingClaimsTest, HeartbeatsAreRecordedForNodesThatSendThem) {
  const std::string path = "/compute_nodes/" + std::to_string(node);
  EXPECT_FALSE(json("GET", path).contains("last_heartbeat"));
  add_jobs(1);
  ask("POST", "/workflows/1/claim_next_jobs?compute_node_id=" + std::to_string(node));
  EXPECT_FALSE(json("GET", path).contains("last_heartbeat")) << "this node has sent no heartbeats";
  const auto before = base::unix_millis_now();
  const auto beat = json("POST", path + "/heartbeat");
  EXPECT_GE(beat["timestamp"], before);
  EXPECT_LE(beat["timestamp"], base::unix_millis_now());
  EXPECT_EQ(beat["is_active"], true);
  EXPECT_EQ(beat["is_canceled"], false);
  auto shown = json("GET", path);
  EXPECT_EQ(shown["last_heartbeat"], beat["timestamp"]);
  shown["last_heartbeat"] = 5;
  shown["is_active"] = false;
  EXPECT_EQ(json("PUT", path, shown.dump())["last_heartbeat"], beat["timestamp"]) << "clients cannot set it";
  ask("PUT", "/workflows/1/cancel");
  const auto last = json("POST", path + "/heartbeat");
  EXPECT_EQ(last["is_active"], false);
  EXPECT_EQ(last["is_canceled"], true);
  EXPECT_EQ(ask("POST", "/compute_nodes/99/heartbeat").status, 404);
}

}  // namespace torc::server
