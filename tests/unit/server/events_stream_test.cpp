// Events of a workflow as they happen, and clients that disconnect while they wait.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "server/http/http_listener.hpp"
#include "support/temp_dir.hpp"
#include "torc/model/json.hpp"
#include "torc/server/server.hpp"
#include "unit/server/raw_client.hpp"

namespace torc::server {
namespace {

/// Whether the condition becomes true within ten seconds.
template <typename Condition>
bool comes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

class EventsTest : public testing::Test {
 protected:
  EventsTest() { ask("POST", "/workflows", R"({"name":"w","user":"u"})"); }

  nlohmann::json ask(const char* method, const std::string& path, const std::string& body = {}) {
    RawClient client{server->port()};
    client.send(request_text(method, path, body));
    const auto answer = client.read_answer();
    return answer ? model::parse_json(answer->body) : nlohmann::json{};
  }

  /// A connection that receives events, once the server has confirmed it.
  std::unique_ptr<RawClient> listen(const std::string& query = "?level=debug", const char* version = "HTTP/1.1") {
    auto client = std::make_unique<RawClient>(server->port());
    client->send("GET /torc-service/v1/workflows/1/events/stream" + query + " " + version +
                 "\r\nHost: localhost\r\n\r\n");
    const auto head = client->read_until("\r\n\r\n");
    EXPECT_TRUE(head && head->find("text/event-stream") != std::string::npos) << head.value_or("closed");
    return client;
  }

  /// Checks the type of the next event and returns its `data`.
  static nlohmann::json next(RawClient& client) {
    const auto type = client.read_until("event: ") ? client.read_until("\n") : std::nullopt;
    const auto data = client.read_until("data: ") ? client.read_until("\n\n") : std::nullopt;
    if (!type || !data) {
      ADD_FAILURE() << "there was no event";
      return {};
    }
    auto event = model::parse_json(*data);
    EXPECT_EQ(event["event_type"].get<std::string>() + "\n", *type);
    return event;
  }

  int make_node() {
    return ask("POST", "/compute_nodes",
               R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"t","is_active":true,"num_cpus":1,)"
               R"("memory_gb":1,"num_gpus":0,"num_nodes":1,"compute_node_type":"local"})")["id"];
  }
  void complete(int job, const char* status, int return_code) {
    const nlohmann::json result{{"job_id", job},
                                {"workflow_id", 1},
                                {"run_id", 0},
                                {"compute_node_id", 1},
                                {"return_code", return_code},
                                {"exec_time_minutes", 0},
                                {"completion_time", "t"},
                                {"status", status}};
    ask("POST", "/jobs/" + std::to_string(job) + "/complete_job/" + status + "/0", result.dump());
  }

  support::TempDir dir;
  std::unique_ptr<Server> server{std::make_unique<Server>(ServerOptions{"127.0.0.1", 0, dir / "torc.db"})};
};

/// A listener that answers every request with events of workflow 1, or does not answer.
class ListenerEventsTest : public testing::Test {
 protected:
  ListenerEventsTest() {
    thread = std::thread([this] {
      listener.run([this](const Incoming& request, Reply reply) {
        if (request.method == "GET") {
          Response response;
          response.events = EventFilter{.workflow_id = 1, .least = store::Severity::debug};
          reply(std::move(response));
        } else {
          gone = request.gone;
          held = std::move(reply);
          has_request = true;
        }
      });
    });
  }
  ~ListenerEventsTest() override {
    if (held) {
      std::vector<Answer> answers;
      answers.push_back({std::move(held), {}});
      listener.deliver(std::move(answers));
    }
    listener.stop();
    thread.join();
  }
  void announce(const std::string& text) { listener.announce({{.workflow_id = 1, .type = "t", .data = text}}, {}); }

  static HttpLimits limits() {
    HttpLimits limits;
    limits.comment = std::chrono::milliseconds{50};
    return limits;
  }

  HttpListener listener{"127.0.0.1", 0, limits()};
  std::thread thread;
  std::shared_ptr<const std::atomic<bool>> gone;
  Reply held;
  std::atomic<bool> has_request{false};
};

}  // namespace

TEST_F(EventsTest, ReportChangesOfJobs) {
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"b","command":"c"})");
  const auto all = listen();
  const auto errors = listen("?level=error");
  const int node = make_node();
  EXPECT_EQ(next(*all)["data"]["compute_node_id"], node);
  ask("POST", "/workflows/1/initialize_jobs");
  EXPECT_EQ(next(*all)["event_type"], "workflow_reinitialized");
  ask("POST", "/workflows/1/claim_next_jobs?limit=1&start=true&run_id=0&compute_node_id=1");
  const auto started = next(*all);
  EXPECT_EQ(started["event_type"], "job_started");
  EXPECT_EQ(started["workflow_id"], 1);
  EXPECT_GT(started["timestamp"], 1'600'000'000'000);
  EXPECT_EQ(started["severity"], "info");
  EXPECT_EQ(started["data"], (nlohmann::json{{"compute_node_id", 1}, {"job_id", 1}, {"job_name", "a"}, {"run_id", 0}}));
  complete(1, "running", 0);  // Refused, so there is no event.
  complete(1, "completed", 0);
  const auto completed = next(*all);
  EXPECT_EQ(completed["event_type"], "job_completed");
  EXPECT_EQ(completed["data"],
            (nlohmann::json{{"job_id", 1}, {"job_name", "a"}, {"return_code", 0}, {"status", "completed"}}));
  complete(2, "failed", 3);
  EXPECT_EQ(next(*all)["data"]["return_code"], 3);
  const auto failed = next(*errors);
  EXPECT_EQ(failed["event_type"], "job_failed") << "the first event of this level";
  EXPECT_EQ(failed["severity"], "error");
  ask("POST", "/jobs/2/retry/0?max_retries=1");
  EXPECT_EQ(next(*all)["event_type"], "job_retried");
  ask("POST", "/events", R"({"workflow_id":1,"timestamp":0,"data":{"event_type":"own\nline","x":"\n\nevent: y"}})");
  const auto own = next(*all);
  EXPECT_EQ(own["data"]["x"], "\n\nevent: y") << "a client's text must not end a line or an event";
  auto left = ask("GET", "/compute_nodes/1");
  left["is_active"] = false;
  ask("PUT", "/compute_nodes/1", left.dump());
  EXPECT_EQ(next(*all)["event_type"], "compute_node_stopped");
}

TEST_F(EventsTest, ComeInTheOrderOfTheCommits) {
  constexpr int k_count = 200;
  const auto stream = listen();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < k_count / 4; ++i) {
        ask("POST", "/events", R"({"workflow_id":1,"timestamp":0,"data":{"event_type":"e"}})");
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  std::int64_t before = 0;
  for (int i = 0; i < k_count; ++i) {
    const auto event = next(*stream);
    EXPECT_GE(event["timestamp"], before);
    before = event["timestamp"].get<std::int64_t>();
  }
}

TEST_F(EventsTest, EndWithTheirWorkflow) {
  const auto stream = listen();
  const auto old = listen("", "HTTP/1.0");
  ask("DELETE", "/workflows/1");
  EXPECT_TRUE(stream->read_until("0\r\n\r\n")) << "the end of the chunks";
  EXPECT_TRUE(stream->is_closed());
  EXPECT_TRUE(old->is_closed());
}

TEST_F(EventsTest, EndWhenTheServerStops) {
  const auto stream = listen();
  server->stop();
  EXPECT_TRUE(stream->read_until("0\r\n\r\n"));
  EXPECT_TRUE(stream->is_closed());
}

TEST_F(EventsTest, AreRefusedForMissingWorkflows) {
  const auto status_of = [&](const std::string& path) {
    RawClient client{server->port()};
    client.send(request_text("GET", path));
    return client.read_answer()->status;
  };
  EXPECT_EQ(status_of("/workflows/9/events/stream"), 404);
  EXPECT_EQ(status_of("/workflows/1/events/stream?level=loud"), 422);
  EXPECT_EQ(status_of("/workflows/x/events/stream"), 400);
}

TEST_F(EventsTest, AWaitingClaimOfAStoppingServerIsAnswered) {
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  RawClient client{server->port()};
  client.send(request_text("POST", "/workflows/1/claim_next_jobs?wait=60"));
  ask("POST", "/workflows/1/claim_next_jobs?limit=0");
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, R"({"jobs":[]})");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
}

TEST_F(ListenerEventsTest, ADisconnectedListenerIsNoticed) {
  RawClient client{listener.port()};
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(comes_true([&] { return listener.listeners() == 1; }));
  client.close();
  EXPECT_TRUE(comes_true([&] { return listener.listeners() == 0; }));
}

TEST_F(ListenerEventsTest, AQuietStreamShowsThatItLives) {
  RawClient client{listener.port()};
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client.read_until("\r\n: keep-alive\n\n\r\n")) << "expected a chunk with a comment";
  }
  EXPECT_EQ(HttpLimits{}.comment, std::chrono::seconds{15});
}

TEST_F(ListenerEventsTest, AListenerThatDoesNotReadIsDisconnected) {
  RawClient client{listener.port()};
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return listener.listeners() == 1; }));
  const std::string big(256 * 1024, 'x');
  for (int i = 0; i < 400 && listener.listeners() == 1; ++i) {
    announce(big);
  }
  EXPECT_TRUE(comes_true([&] { return listener.listeners() == 0; }));
}

TEST_F(ListenerEventsTest, AClientThatDisconnectsWhileItWaitsIsNoticed) {
  RawClient client{listener.port()};
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return has_request.load(); }));
  EXPECT_FALSE(*gone);
  client.close();
  EXPECT_TRUE(comes_true([&] { return gone->load(); }));
}

}  // namespace torc::server
