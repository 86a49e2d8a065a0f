// Access control of all routes: each route of a workflow refuses users without access.
#include <set>

#include <gtest/gtest.h>

#include "server/router.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/server/password_file.hpp"
#include "torc/store/access.hpp"
#include "unit/server/service_fixture.hpp"

namespace torc::server {
namespace {

// alice:a, bob:b, carol:c, root:r
constexpr const char* k_alice = "Basic YWxpY2U6YQ==";
constexpr const char* k_bob = "Basic Ym9iOmI=";
constexpr const char* k_carol = "Basic Y2Fyb2w6Yw==";
constexpr const char* k_root = "Basic cm9vdDpy";

class GuardsTest : public testing::Test {
 protected:
  static SecurityOptions security(const std::string& file) {
    for (const auto& [user, password] : {std::pair{"alice", "a"}, {"bob", "b"}, {"carol", "c"}, {"root", "r"}}) {
      set_password(file, user, hash_password(password, 4));
    }
    SecurityOptions options;
    options.auth_file = file;
    options.enforce_access = true;
    return options;
  }

  GuardsTest() {
    auto connection = database.open(store::Connection::Mode::write);
    store::Transaction transaction{connection};
    store::make_admin(connection, "root");
    transaction.commit();
  }

  Response ask(const char* as, const char* method, const std::string& path, std::string body = {}) {
    std::promise<Response> promise;
    const std::string target = "/torc-service/v1" + path;
    service.handle(
        {.method = method, .target = target, .authorization = as, .body = std::move(body), .fields = k_json_fields},
        [&promise](Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  void make(const std::string& path, const std::string& body) {
    const auto response = ask(k_alice, "POST", path, body);
    ASSERT_EQ(response.status, 200) << path << ": " << response.body;
  }

  /// Workflow 1 of alice, with a record of every kind, each with the ID 1.
  void make_everything() {
    make("/workflows", R"({"name":"w","user":"alice"})");
    make("/jobs", R"({"workflow_id":1,"name":"j","command":"true"})");
    make("/files", R"({"workflow_id":1,"name":"f","path":"f"})");
    make("/user_data", R"({"workflow_id":1,"name":"d"})");
    make("/events", R"({"workflow_id":1,"timestamp":0,"data":{}})");
    make("/compute_nodes",
         R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"2026-01-01T00:00:00Z","num_cpus":1,)"
         R"("memory_gb":1,"num_gpus":0,"num_nodes":1,"compute_node_type":"local"})");
    make("/results", R"({"workflow_id":1,"job_id":1,"run_id":1,"attempt_id":1,"compute_node_id":1,"return_code":0,)"
                     R"("exec_time_minutes":0,"completion_time":"2026-01-01T00:00:00Z","status":"completed"})");
    make("/slurm_schedulers", R"({"workflow_id":1,"name":"s","account":"a","nodes":1,"walltime":"1:00:00"})");
    make("/local_schedulers", R"({"workflow_id":1,"name":"l","memory":"1g","num_cpus":1})");
    make("/scheduled_compute_nodes", R"({"workflow_id":1,"scheduler_id":1,"scheduler_config_id":1,)"
                                     R"("scheduler_type":"slurm","status":"pending"})");
    make("/failure_handlers", R"({"workflow_id":1,"name":"h","rules":"[]"})");
    make("/ro_crate_entities", R"({"workflow_id":1,"entity_id":"e","entity_type":"File","metadata":"{}"})");
  }

  support::TempDir dir;
  store::Database database{dir / "torc.db"};
  Service service{database, reply_at_once, {.security = security(dir / "users")}};
};

const char* word(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::del:
      break;
  }
  return "DELETE";
}

/// The pattern with a value for each {name}.
std::string filled(std::string_view pattern) {
  std::string path{pattern};
  for (const auto& [name, value] :
       {std::pair{"{status}", "completed"}, {"{user_name}", "alice"}, {"{worker}", "ws1"}}) {
    path = base::replace_all(path, name, value);
  }
  while (path.find('{') != std::string::npos) {
    const auto start = path.find('{');
    path.replace(start, path.find('}') - start + 1, "1");
  }
  return path;
}

/// Operations for all users with a password, even without access to the workflow.
const std::set<std::string> k_for_all{"GET /ping",       "GET /version",       "GET /workflows",
                                      "POST /workflows", "GET /access_groups", "GET /access_groups/{id}"};

}  // namespace

TEST_F(GuardsTest, EveryRouteRefusesAStranger) {
  make_everything();
  const std::string body = R"({"workflow_id":1,"jobs":[{"workflow_id":1,"name":"x","command":"x"}],"user":"alice"})";
  std::size_t guarded = 0;
  for (const auto& route : routes()) {
    const std::string name = std::string{word(route.method)} + " " + std::string{route.pattern};
    if (k_for_all.contains(name)) {
      continue;
    }
    const auto response = ask(k_bob, word(route.method), filled(route.pattern) + "?workflow_id=1&max_retries=1", body);
    EXPECT_EQ(response.status, 403) << name << ": " << response.body;
    EXPECT_EQ(model::parse_json(response.body)["error"]["error"], "Forbidden") << name;
    ++guarded;
  }
  EXPECT_EQ(guarded + k_for_all.size(), routes().size());
}

TEST_F(GuardsTest, EveryRouteAcceptsTheOwner) {
  make_everything();
  const std::set<std::string> for_administrators{
      "POST /admin/reload-auth",          "POST /access_groups",
      "DELETE /access_groups/{id}",       "GET /access_groups/{id}/members",
      "POST /access_groups/{id}/members", "DELETE /access_groups/{id}/members/{user_name}"};
  for (const auto& route : routes()) {
    const std::string name = std::string{word(route.method)} + " " + std::string{route.pattern};
    // Deletions come last, because most of them delete records that other routes need.
    if (route.method == Method::del) {
      continue;
    }
    const auto response = ask(k_alice, word(route.method), filled(route.pattern) + "?workflow_id=1&max_retries=1",
                              R"({"workflow_id":1})");
    EXPECT_EQ(response.status == 403, for_administrators.contains(name)) << name << ": " << response.body;
  }
}

TEST_F(GuardsTest, ARefusedRequestChangesNothing) {
  make_everything();
  EXPECT_EQ(ask(k_bob, "PUT", "/workflows/1", R"({"name":"mine","user":"bob"})").status, 403);
  EXPECT_EQ(ask(k_bob, "DELETE", "/workflows/1").status, 403);
  EXPECT_EQ(ask(k_bob, "DELETE", "/jobs?workflow_id=1").status, 403);
  EXPECT_NE(ask(k_alice, "GET", "/workflows/1").body.find(R"("name":"w")"), std::string::npos);
  EXPECT_EQ(model::parse_json(ask(k_alice, "GET", "/jobs?workflow_id=1").body)["total_count"], 1);
}

TEST_F(GuardsTest, ListingsShowOnlyAccessibleWorkflows) {
  const auto count = [&](const char* as, const std::string& query = "") {
    return model::parse_json(ask(as, "GET", "/workflows" + query).body)["total_count"].get<int>();
  };
  ask(k_alice, "POST", "/workflows", R"({"name":"a","user":"alice"})");
  ask(k_bob, "POST", "/workflows", R"({"name":"b","user":"bob"})");
  EXPECT_EQ(count(k_alice), 1);
  EXPECT_EQ(count(k_bob, "?user=alice"), 0);
  EXPECT_EQ(count(k_root), 2);
  EXPECT_EQ(count(""), 0);
}

TEST_F(GuardsTest, UsersCreateWorkflowsOnlyForThemselves) {
  EXPECT_EQ(ask(k_bob, "POST", "/workflows", R"({"name":"w","user":"alice"})").status, 403);
  EXPECT_EQ(ask(k_root, "POST", "/workflows", R"({"name":"w","user":"alice"})").status, 200);
  EXPECT_EQ(ask(k_alice, "PUT", "/workflows/1", R"({"name":"v","user":"alice"})").status, 200);
  EXPECT_EQ(ask(k_alice, "PUT", "/workflows/1", R"({"name":"v","user":"bob"})").status, 403);
  EXPECT_EQ(ask(k_root, "PUT", "/workflows/1", R"({"name":"v","user":"bob"})").status, 200);
  EXPECT_EQ(ask(k_bob, "GET", "/workflows/1").status, 200);
}

TEST_F(GuardsTest, ABatchWithOneJobOfAnothersWorkflowIsRefused) {
  make_everything();
  ask(k_bob, "POST", "/workflows", R"({"name":"b","user":"bob"})");
  EXPECT_EQ(ask(k_bob, "POST", "/bulk_jobs",
                R"({"jobs":[{"workflow_id":2,"name":"x","command":"x"},{"workflow_id":1,"name":"y","command":"y"}]})")
                .status,
            403);
  const auto done = ask(k_bob, "POST", "/workflows/2/batch_complete_jobs",
                        R"({"completions":[{"job_id":1,"status":"completed","run_id":0,"result":{"workflow_id":2,)"
                        R"("job_id":1,"run_id":0,"attempt_id":1,"compute_node_id":1,"return_code":0,)"
                        R"("exec_time_minutes":0,"completion_time":"2026-01-01T00:00:00Z","status":"completed"}}]})");
  EXPECT_EQ(model::parse_json(done.body)["completed"].size(), 0U) << done.body;
}

TEST_F(GuardsTest, MissingRecordsAreNotFound) {
  EXPECT_EQ(ask(k_bob, "GET", "/workflows/7").status, 404);
  EXPECT_EQ(ask(k_bob, "GET", "/jobs/7").status, 404);
  EXPECT_EQ(ask(k_bob, "GET", "/jobs?workflow_id=7").status, 404);
}

TEST_F(GuardsTest, AGroupSeesWorkflowsThatAreSharedWithIt) {
  make_everything();
  ASSERT_EQ(ask(k_root, "POST", "/access_groups", R"({"name":"team"})").status, 200);
  ASSERT_EQ(
      ask(k_root, "POST", "/access_groups/2/members", R"({"user_name":"bob","group_id":2,"role":"admin"})").status,
      200);
  EXPECT_EQ(ask(k_bob, "POST", "/workflows/1/access_groups/2").status, 403);
  EXPECT_EQ(ask(k_bob, "GET", "/jobs/1").status, 403);
  EXPECT_EQ(ask(k_alice, "POST", "/workflows/1/access_groups/2").status, 200);
  EXPECT_EQ(ask(k_bob, "GET", "/jobs/1").status, 200);
  EXPECT_EQ(ask(k_bob, "DELETE", "/workflows/1/access_groups/2").status, 403);
  EXPECT_EQ(ask(k_alice, "DELETE", "/workflows/1/access_groups/2").status, 200);
  EXPECT_EQ(ask(k_bob, "GET", "/jobs/1").status, 403);
}

TEST_F(GuardsTest, GroupManagersManageOnlyTheirGroup) {
  ask(k_root, "POST", "/access_groups", R"({"name":"team"})");
  ask(k_root, "POST", "/access_groups/2/members", R"({"user_name":"bob","group_id":2,"role":"admin"})");
  EXPECT_EQ(
      ask(k_bob, "POST", "/access_groups/2/members", R"({"user_name":"carol","group_id":2,"role":"member"})").status,
      200);
  EXPECT_EQ(ask(k_carol, "GET", "/access_groups/2/members").status, 200);
  EXPECT_EQ(ask(k_carol, "DELETE", "/access_groups/2/members/bob").status, 403);
  EXPECT_EQ(ask(k_bob, "POST", "/access_groups/1/members", R"({"user_name":"bob","group_id":1,"role":"admin"})").status,
            403);
  EXPECT_EQ(ask(k_bob, "DELETE", "/access_groups/2").status, 403);
  EXPECT_EQ(ask(k_bob, "DELETE", "/access_groups/2/members/carol").status, 200);
  EXPECT_EQ(ask(k_bob, "GET", "/users/carol/groups").status, 403);
  EXPECT_EQ(ask(k_carol, "GET", "/users/carol/groups").status, 200);
}

TEST_F(GuardsTest, PingIsOpenAndWrongPasswordsAreNot) {
  EXPECT_EQ(ask("Basic eA==", "GET", "/ping").status, 200);
  const auto response = ask("Basic YWxpY2U6Yg==", "GET", "/version");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(model::parse_json(response.body)["error"]["error"], "Unauthorized");
}

TEST_F(GuardsTest, OnlyAdministratorsReloadTheUsers) {
  EXPECT_EQ(ask(k_alice, "POST", "/admin/reload-auth").status, 403);
  EXPECT_EQ(model::parse_json(ask(k_root, "POST", "/admin/reload-auth").body)["user_count"], 4);
  base::write_file_atomically(dir / "users", "alice\n");
  const auto refused = ask(k_root, "POST", "/admin/reload-auth");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("users:1: expected NAME:HASH"), std::string::npos) << refused.body;
  EXPECT_EQ(ask(k_alice, "GET", "/version").status, 200);
}

}  // namespace torc::server
