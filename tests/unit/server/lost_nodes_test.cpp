// The server detects compute nodes whose heartbeats stop.

#include <chrono>
#include <thread>

#include "server/execution/node_watch.hpp"
#include "store/query.hpp"
#include "unit/server/service_fixture.hpp"

namespace torc::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds k_timeout{300};

class LostNodesTest : public testing::Test {
 protected:
  LostNodesTest() {
    start();
    ask("POST", "/workflows", R"({"name":"w","user":"u"})");
    ask("POST", "/bulk_jobs", R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"}]})");
    ask("POST", "/workflows/1/initialize_jobs");
  }

  void start(milliseconds timeout = k_timeout) {
    service = std::make_unique<Service>(database, reply_at_once, ServiceSettings{.worker_timeout = timeout});
  }
  std::future<Response> ask_later(const char* method, const std::string& path, std::string body = {},
                                  std::shared_ptr<const std::atomic<bool>> gone = {}) {
    auto promise = std::make_shared<std::promise<Response>>();
    const std::string target = "/torc-service/v1" + path;
    service->handle(
        {.method = method, .target = target, .body = std::move(body), .gone = std::move(gone), .fields = k_json_fields},
        [promise](Response response) { promise->set_value(std::move(response)); });
    return promise->get_future();
  }
  Response ask(const char* method, const std::string& path, std::string body = {}) {
    return ask_later(method, path, std::move(body)).get();
  }
  nlohmann::json json(const char* method, const std::string& path, std::string body = {}) {
    return model::parse_json(ask(method, path, std::move(body)).body);
  }
  int make_node() {
    return json("POST", "/compute_nodes",
                R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"t","is_active":true,"num_cpus":1,)"
                R"("memory_gb":1,"num_gpus":0,"num_nodes":1,"compute_node_type":"local"})")["id"];
  }
  nlohmann::json beat(int node) { return json("POST", "/compute_nodes/" + std::to_string(node) + "/heartbeat"); }
  std::size_t claim(int node) { return json("POST", claim_path(node))["jobs"].size(); }
  static std::string claim_path(int node) {
    return "/workflows/1/claim_next_jobs?start=true&run_id=0&compute_node_id=" + std::to_string(node);
  }
  bool is_active(int node) { return json("GET", "/compute_nodes/" + std::to_string(node))["is_active"]; }
  template <typename Condition>
  static bool comes(Condition&& condition) {
    const auto deadline = NodeWatch::Clock::now() + seconds{20};
    while (!condition()) {
      if (NodeWatch::Clock::now() > deadline) {
        return false;
      }
      std::this_thread::sleep_for(milliseconds{5});
    }
    return true;
  }

  support::TempDir dir;
  store::Database database{dir / "torc.db"};
  std::unique_ptr<Service> service;
};

}  // namespace

TEST_F(LostNodesTest, TheJobOfASilentNodeGoesToAWaitingNode) {
  const int lost = make_node();
  EXPECT_EQ(beat(lost)["timeout_seconds"], 0.3);
  const auto before_claim = NodeWatch::Clock::now();  // The timeout starts within the claim, not at its answer.
  EXPECT_EQ(claim(lost), 1U);
  const int other = make_node();
  beat(other);
  auto waiting = ask_later("POST", claim_path(other) + "&wait=60");
  ASSERT_EQ(waiting.wait_for(seconds{20}), std::future_status::ready);
  EXPECT_GE(NodeWatch::Clock::now() - before_claim, k_timeout);
  const auto job = model::parse_json(waiting.get().body)["jobs"].at(0);
  EXPECT_EQ(job["attempt_id"], 2);
  EXPECT_FALSE(is_active(lost));
  EXPECT_EQ(beat(lost)["is_active"], false) << "a runner that was only cut off must learn of the loss";
  const nlohmann::json stale{{"job_id", 1},
                             {"workflow_id", 1},
                             {"run_id", 0},
                             {"attempt_id", 1},
                             {"compute_node_id", lost},
                             {"return_code", 0},
                             {"exec_time_minutes", 0},
                             {"completion_time", "t"},
                             {"status", "completed"}};
  EXPECT_EQ(ask("POST", "/jobs/1/complete_job/completed/0", stale.dump()).status, 409);
  EXPECT_EQ(ask("POST", "/jobs/1/retry/0?max_retries=2147483647&attempt_id=1").status, 409);
  EXPECT_EQ(json("GET", "/jobs/1")["status"], "running");
}

TEST_F(LostNodesTest, NodesWithContactAreNotLost) {
  const int node = make_node();
  beat(node);
  claim(node);
  const int silent = make_node();
  beat(silent);
  ASSERT_TRUE(comes([&] {
    beat(node);
    return !is_active(silent);
  }));
  EXPECT_TRUE(is_active(node));
  EXPECT_EQ(json("GET", "/jobs/1")["status"], "running");
}

TEST_F(LostNodesTest, AWaitingClaimCountsAsContactWhileItsClientIsConnected) {
  const int worker = make_node();
  beat(worker);
  claim(worker);  // The only job.
  const int waits = make_node();
  beat(waits);
  auto gone = std::make_shared<std::atomic<bool>>(false);
  auto waiting = ask_later("POST", claim_path(waits) + "&wait=60", {}, gone);
  const int silent = make_node();
  beat(silent);
  ASSERT_TRUE(comes([&] {
    beat(worker);
    return !is_active(silent);
  }));
  EXPECT_TRUE(is_active(waits)) << "its claim is older than the other's last contact";
  *gone = true;
  EXPECT_TRUE(comes([&] {
    beat(worker);
    return !is_active(waits);
  })) << "its client has disconnected";
}

TEST_F(LostNodesTest, NodesThatNeverSentHeartbeatsAreNotLost) {
  const int never_beats = make_node();
  claim(never_beats);
  const int silent = make_node();
  beat(silent);
  ASSERT_TRUE(comes([&] { return !is_active(silent); }));
  EXPECT_TRUE(is_active(never_beats));
  EXPECT_EQ(json("GET", "/jobs/1")["status"], "running");
}

TEST_F(LostNodesTest, AfterARestartNodesHaveTheFullTimeout) {
  const int node = make_node();
  beat(node);
  claim(node);
  service.reset();
  {
    auto connection = database.open(store::Connection::Mode::write);
    store::execute(connection, "UPDATE compute_nodes SET last_heartbeat = 1");  // Long ago.
  }
  const auto started = NodeWatch::Clock::now();
  start();
  ASSERT_TRUE(comes([&] { return !is_active(node); }));
  EXPECT_GE(NodeWatch::Clock::now() - started, k_timeout);
  EXPECT_EQ(json("GET", "/jobs/1")["status"], "ready");
}

TEST_F(LostNodesTest, WithoutATimeoutNoNodeIsLost) {
  service.reset();
  start(milliseconds{0});
  const int node = make_node();
  EXPECT_FALSE(beat(node).contains("timeout_seconds"));
  EXPECT_FALSE(NodeWatch(milliseconds{0}, NodeWatch::Clock::now()).due());
}

TEST(NodeWatch, SearchesOncePerSecondOrMoreOftenForShortTimeouts) {
  const NodeWatch::Clock::time_point start{};
  EXPECT_EQ(NodeWatch(seconds(90), start).due(), start + seconds(1));
  EXPECT_EQ(NodeWatch(milliseconds(1200), start).due(), start + milliseconds(200));
}

TEST(NodeWatch, AfterAPauseOfTheServerNoNodeCountsAsSilent) {
  NodeWatch::Clock::time_point now{};
  NodeWatch watch(seconds(90), now);
  EXPECT_EQ(watch.poll(now), NodeWatch::Finding::not_yet);
  now += seconds(2);
  EXPECT_EQ(watch.poll(now), NodeWatch::Finding::silent);
  EXPECT_EQ(watch.poll(now), NodeWatch::Finding::not_yet);
  now += seconds(46);
  EXPECT_EQ(watch.poll(now), NodeWatch::Finding::was_away);
  now += seconds(2);
  EXPECT_EQ(watch.poll(now), NodeWatch::Finding::silent);
}

}  // namespace torc::server
