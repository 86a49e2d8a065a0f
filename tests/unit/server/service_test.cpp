#include "unit/server/service_fixture.hpp"

#include <sqlite3.h>

#include <atomic>
#include <set>
#include <vector>

#include "store/query.hpp"
#include "torc/base/version.hpp"

namespace torc::server {

TEST_F(ServiceTest, ErrorsHaveAKindAndAMessage) {
  struct Case {
    const char* method;
    const char* path;
    const char* body;
    int status;
    const char* kind;
    const char* word;
  };
  make_workflow();
  for (const auto& [method, path, body, status, kind, word] : std::initializer_list<Case>{
           {"GET", "/nowhere", "", 404, "NotFound", "/torc-service/v1/nowhere"},
           {"PATCH", "/ping", "", 405, "MethodNotAllowed", "PATCH"},
           {"DELETE", "/nowhere", "", 404, "NotFound", "nowhere"},
           {"GET", "/workflows/9", "", 404, "NotFound", "9"},
           {"GET", "/workflows/x", "", 400, "BadRequest", "x"},
           {"GET", "/workflows/99999999999999999999", "", 400, "BadRequest", "99999999999999999999"},
           {"GET", "/jobs", "", 400, "BadRequest", "workflow_id"},
           {"GET", "/jobs?workflow_id=1&limit=100001", "", 422, "UnprocessableContent", "100000"},
           {"GET", "/jobs?workflow_id=1&status=bogus", "", 400, "BadRequest", "bogus"},
           {"POST", "/workflows", "{nope", 400, "BadRequest", "JSON"},
           {"POST", "/workflows", "", 400, "BadRequest", "JSON"},
           {"POST", "/workflows", "[]", 422, "UnprocessableContent", "object"},
           {"POST", "/workflows", R"({"name":"w"})", 422, "UnprocessableContent", "user"},
           {"POST", "/workflows", R"({"name":7,"user":"u"})", 422, "UnprocessableContent", "name"},
           {"POST", "/workflows", "{\"name\":\"\xff\",\"user\":\"u\"}", 400, "BadRequest", "JSON"},
           {"POST", "/bulk_jobs", "{}", 422, "UnprocessableContent", "jobs"},
           {"POST", "/bulk_jobs", R"({"jobs":7})", 422, "UnprocessableContent", "jobs"},
           {"POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c","priority":1e99})", 422,
            "UnprocessableContent", "priority"},
           {"POST", "/jobs", R"({"workflow_id":99999999999999999999,"name":"a","command":"c"})", 422,
            "UnprocessableContent", "workflow_id"},
           {"POST", "/workflows/1/remote_workers", "[1]", 422, "UnprocessableContent", "string"},
           {"POST", "/resource_requirements", R"({"workflow_id":1,"name":"a","memory":"much"})", 422,
            "UnprocessableContent", "much"},
           {"POST", "/resource_requirements", R"({"workflow_id":1,"name":"a","runtime":"1h"})", 422,
            "UnprocessableContent", "1h"},
           {"POST", "/resource_requirements", R"({"workflow_id":1,"name":"a","num_cpus":-1})", 422,
            "UnprocessableContent", "num_cpus"},
           {"POST", "/workflows/1/claim_next_jobs?limit=-1", "", 422, "UnprocessableContent", "limit"},
           {"PUT", "/jobs/1/start_job/0/1", "", 404, "NotFound", "Job"},
       }) {
    const auto response = ask(method, path, body);
    EXPECT_EQ(response.status, status) << method << ' ' << path << ' ' << body << ' ' << response.body;
    const auto error = model::parse_json(response.body)["error"];
    EXPECT_EQ(error["error"], kind) << method << ' ' << path << ' ' << body;
    EXPECT_NE(error["message"].get<std::string>().find(word), std::string::npos) << response.body;
  }
}

TEST_F(ServiceTest, ARefusedChangeDoesNotAffectOthersInItsGroup) {
  make_workflow();
  std::vector<std::future<Response>> answers;
  for (int i = 0; i < 300; ++i) {
    // Every third request refers to a missing file, after its first job has been written.
    const std::string second = i % 3 == 0 ? R"(,{"workflow_id":1,"name":"b","command":"c","input_file_ids":[9]})" : "";
    answers.push_back(
        ask_later("POST", "/bulk_jobs", R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"})" + second + "]}"));
  }
  std::set<std::int64_t> ids;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto response = answers[i].get();
    ASSERT_EQ(response.status, i % 3 == 0 ? 422 : 200) << response.body;
    if (response.status == 200) {
      ids.insert(model::parse_json(response.body)["jobs"][0]["id"].get<std::int64_t>());
    }
  }
  EXPECT_EQ(ids.size(), 200U);
  EXPECT_EQ(json("GET", "/jobs?workflow_id=1&limit=0")["total_count"], 200);
}

TEST_F(ServiceTest, AReadSeesEveryChangeThatWasAnswered) {
  make_workflow();
  for (int i = 1; i <= 50; ++i) {
    ask("POST", "/files", R"({"workflow_id":1,"name":"f","path":"p"})");
    EXPECT_EQ(json("GET", "/files?workflow_id=1&limit=0")["total_count"], i);
  }
}

TEST_F(ServiceTest, ReportsTheServerId) {
  const auto version = json("GET", "/version");
  EXPECT_EQ(version["server_id"], database.server_id());
  EXPECT_EQ(version["program_version"], base::k_program_version);
  EXPECT_EQ(version["api_version"], "0.12.0");
  EXPECT_TRUE(version["version"].get<std::string>().starts_with("0.23.0 ("));
  EXPECT_EQ(version["capabilities"], (nlohmann::json{"batch_complete_jobs", "claim_compute_node_id", "claim_start",
                                                     "claim_wait", "events_stream", "heartbeat", "initialize_next_run",
                                                     "retry_attempt", "retry_reason", "summary", "worker_settings"}));
}

TEST_F(ServiceTest, OmitsItsAdditionsOnRequest) {
  make_workflow();
  ask("POST", "/bulk_jobs", R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"}]})");
  Service plain{database, reply_at_once, ServiceSettings{.additions = false}};
  const auto ask_plain = [&](const char* method, const std::string& path) {
    std::promise<Response> promise;
    plain.handle({.method = method, .target = "/torc-service/v1" + path, .body = {}},
                 [&](Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  };
  const auto version = model::parse_json(ask_plain("GET", "/version").body);
  for (const auto* addition : {"capabilities", "program_version", "server_id"}) {
    EXPECT_FALSE(version.contains(addition)) << version;
  }
  EXPECT_EQ(ask_plain("GET", "/workflows/1/summary").status, 404);
  EXPECT_EQ(ask_plain("POST", "/compute_nodes/1/heartbeat").status, 404);
  EXPECT_EQ(ask_plain("POST", "/workflows/1/initialize_jobs?next_run=true").status, 200);
  EXPECT_EQ(json("GET", "/workflows/1/status")["run_id"], 0);
  EXPECT_EQ(ask_plain("POST", "/workflows/1/claim_next_jobs?start=true&compute_node_id=7").status, 200);
  EXPECT_EQ(json("GET", "/jobs?workflow_id=1&status=pending")["count"], 1) << "the job must be claimed but not started";
  EXPECT_EQ(json("GET", "/jobs?workflow_id=1&active_compute_node_id=7")["count"], 0);
}

// Two managers that both find a new workflow must not begin two runs.
TEST_F(ServiceTest, BeginsTheNextRunOnceForConcurrentRequests) {
  make_workflow();
  ask("POST", "/bulk_jobs", R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"}]})");
  const char* const begin = "/workflows/1/initialize_jobs?only_uninitialized=true&next_run=true&if_uninitialized=true";
  EXPECT_EQ(json("POST", begin)["initialized"], true);
  EXPECT_EQ(json("POST", begin)["initialized"], false);
  EXPECT_EQ(json("GET", "/workflows/1/status")["run_id"], 1);
  ask("PUT", "/workflows/1/cancel");
  EXPECT_FALSE(json("POST", "/workflows/1/initialize_jobs?next_run=true").contains("initialized"));
  const auto status = json("GET", "/workflows/1/status");
  EXPECT_EQ(status["run_id"], 2);
  EXPECT_EQ(status["is_canceled"], false);
}

TEST_F(ServiceTest, RecordsTheClaimingNode) {
  make_workflow();
  ask("POST", "/bulk_jobs",
      R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"},{"workflow_id":1,"name":"b","command":"c"}]})");
  ask("POST", "/workflows/1/initialize_jobs");
  ask("POST", "/workflows/1/claim_next_jobs?limit=1&compute_node_id=7");
  ask("POST", "/workflows/1/claim_jobs_based_on_resources/1?compute_node_id=7",
      R"({"num_cpus":1,"memory_gb":1,"num_gpus":0,"num_nodes":1})");
  EXPECT_EQ(json("GET", "/jobs?workflow_id=1&active_compute_node_id=7")["count"], 2);
}

TEST_F(ServiceTest, RecordsNoContactWithANodeOfAnotherWorkflow) {
  make_workflow();
  make_workflow();
  ASSERT_EQ(ask("POST", "/compute_nodes",
                R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"t","is_active":true,"num_cpus":1,)"
                R"("memory_gb":1,"num_gpus":0,"num_nodes":1,"compute_node_type":"local"})")
                .status,
            200);
  auto connection = database.open(store::Connection::Mode::write);
  store::execute(connection, "UPDATE compute_nodes SET last_heartbeat = 1 WHERE id = 1");
  const auto heartbeat = [&] {
    return store::value<std::int64_t>(connection, "SELECT last_heartbeat FROM compute_nodes WHERE id = 1");
  };
  ask("POST", "/workflows/2/claim_next_jobs?compute_node_id=1");
  EXPECT_EQ(heartbeat(), 1);
  ask("POST", "/workflows/1/claim_next_jobs?compute_node_id=1");
  EXPECT_GT(heartbeat(), 1);
}

TEST_F(ServiceTest, TextsRoundTripByteForByte) {
  const nlohmann::json body{{"name", "\u00e4 \"quoted\" \\ \n \t \u0001 \U0001F600"}, {"user", "\x7f"}};
  const auto made = json("POST", "/workflows", body.dump());
  EXPECT_EQ(made["name"], body["name"]);
  const auto read = json("GET", "/workflows/1");
  EXPECT_EQ(read["name"], body["name"]);
  EXPECT_EQ(read["user"], body["user"]);
}

namespace {

Response ask(Writer& writer, const std::string& target, std::string body) {
  static const Router router{routes()};
  std::promise<Response> promise;
  Task task{.reply = [&promise](Response response) { promise.set_value(std::move(response)); }};
  task.route = router.match(Method::post, "/torc-service/v1" + target, task.request).route;
  task.request.body = std::move(body);
  writer.submit(std::move(task));
  return promise.get_future().get();
}

}  // namespace

TEST_F(ServiceTest, ALargeBodyDoesNotDelayOthers) {
  make_workflow();
  std::string large = R"({"workflow_id":1,"name":"d","data":[)";
  while (large.size() < 4 * 1024 * 1024) {
    large += "[1,2,3,4],";
  }
  auto valid = ask_later("POST", "/user_data", large + "0]}");
  auto broken = ask_later("POST", "/user_data", large);
  // Sent last, answered first.
  EXPECT_EQ(ask("POST", "/user_data", R"({"workflow_id":1,"name":"small"})").status, 200);
  EXPECT_NE(broken.wait_for(std::chrono::seconds{0}), std::future_status::ready);
  EXPECT_EQ(valid.get().status, 200);
  EXPECT_EQ(broken.get().status, 400);
}

TEST(WriterTest, AFailedCommitOfAGroupAnnouncesNothing) {
  const support::TempDir dir;
  const store::Database database{dir / "torc.db"};
  auto connection = database.open(store::Connection::Mode::write);
  std::atomic<int> failures{0};
  const auto fail = [](void* left) { return static_cast<std::atomic<int>*>(left)->fetch_sub(1) > 0 ? 1 : 0; };
  ::sqlite3_commit_hook(connection.impl().database.getHandle(), fail, &failures);
  const std::atomic<int> listeners{1};
  connection.changes().listeners = &listeners;
  std::vector<std::string> told;
  {
    Writer writer{std::move(connection), reply_at_once, [&](std::vector<store::Notice> notices, const std::set<Id>&) {
                    for (const auto& notice : notices) {
                      told.push_back(notice.data.value("text", ""));
                    }
                  }};
    EXPECT_EQ(ask(writer, "/workflows", R"({"name":"w","user":"u"})").status, 200);
    failures = 1;
    EXPECT_GE(ask(writer, "/events", R"({"workflow_id":1,"timestamp":0,"data":{"text":"lost"}})").status, 400);
    EXPECT_EQ(ask(writer, "/events", R"({"workflow_id":1,"timestamp":0,"data":{"text":"kept"}})").status, 200);
  }
  EXPECT_EQ(told, std::vector<std::string>{"kept"});
}

TEST(WriterTest, AFullDiskFailsRequestsAndTheWriterRecovers) {
  const support::TempDir dir;
  const store::Database database{dir / "torc.db"};
  auto connection = database.open(store::Connection::Mode::write);
  const auto pages = store::value<std::int64_t>(connection, "PRAGMA page_count").value();
  store::execute(connection, "PRAGMA max_page_count = " + std::to_string(pages + 4));
  Writer writer{std::move(connection), reply_at_once};
  const auto post = [&](const char* target, std::string body) { return ask(writer, target, std::move(body)); };
  EXPECT_EQ(post("/workflows", R"({"name":"w","user":"u"})").status, 200);
  const std::string big(100'000, 'x');
  const auto full = post("/workflows", R"({"name":")" + big + R"(","user":"u"})");
  EXPECT_EQ(full.status, 507) << full.body;
  EXPECT_EQ(post("/workflows", R"({"name":"w","user":"u"})").status, 200) << "there is room for this";
  auto reader = database.open(store::Connection::Mode::read);
  EXPECT_EQ(store::list<model::Workflow>(reader, {}, {}).total_count, 2);
}

}  // namespace torc::server
