// Resources of a workflow that runners and clients share through the server.

#include <filesystem>

#include "unit/server/service_fixture.hpp"

namespace torc::server {

TEST_F(ServiceTest, SchedulersAndHandlersAreStoredChangedAndDeleted) {
  make_workflow();
  const auto slurm = json("POST", "/slurm_schedulers",
                          R"({"workflow_id":1,"account":"a","nodes":1,"walltime":"01:00:00","partition":"debug"})");
  EXPECT_EQ(slurm["id"], 1);
  const auto changed =
      json("PUT", "/slurm_schedulers/1", R"({"workflow_id":1,"account":"b","nodes":2,"walltime":"02:00:00"})");
  EXPECT_EQ(changed["account"], "b");
  EXPECT_EQ(changed["partition"], "debug") << "an omitted field must not change";
  json("POST", "/local_schedulers", R"({"workflow_id":1,"name":"l","num_cpus":2})");
  json("POST", "/local_schedulers", R"({"workflow_id":1,"name":"m","num_cpus":3})");
  EXPECT_EQ(json("GET", "/local_schedulers?workflow_id=1&num_cpus=3")["items"][0]["name"], "m");
  EXPECT_EQ(json("DELETE", "/local_schedulers?workflow_id=1")["count"], 2);
  json("POST", "/failure_handlers", R"({"workflow_id":1,"name":"h","rules":"[]"})");
  EXPECT_EQ(json("GET", "/workflows/1/failure_handlers")["count"], 1);
  EXPECT_EQ(ask("DELETE", "/failure_handlers/1").status, 200);
  EXPECT_EQ(ask("GET", "/failure_handlers/1").status, 404);
  EXPECT_EQ(ask("GET", "/workflows/9/failure_handlers").status, 404);
  EXPECT_EQ(ask("POST", "/slurm_schedulers", R"({"workflow_id":9,"account":"a","nodes":1,"walltime":"1"})").status,
            404);
}

TEST_F(ServiceTest, AnEmptyChangeChangesNothing) {
  make_workflow();
  ask("POST", "/local_schedulers", R"({"workflow_id":1,"name":"l"})");
  const auto response = ask("PUT", "/local_schedulers/1", R"({"workflow_id":1})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"("name":"l")"), std::string::npos);
  EXPECT_EQ(ask("PUT", "/local_schedulers/2", R"({"workflow_id":1})").status, 404);
}

TEST_F(ServiceTest, AJobsComputeNodeScheduleIsValidated) {
  make_workflow();
  const std::string job = R"({"workflow_id":1,"name":"j","command":"true","schedule_compute_nodes":)";
  EXPECT_EQ(ask("POST", "/jobs", job + "7}").status, 422);
  EXPECT_EQ(ask("POST", "/jobs", job + R"({"num_jobs":"many","scheduler_id":1}})").status, 422);
  const auto schedule = nlohmann::json{{"num_jobs", 2}, {"scheduler_id", 1}, {"start_one_worker_per_node", true}};
  EXPECT_EQ(json("POST", "/jobs", job + schedule.dump() + "}")["schedule_compute_nodes"], schedule);
  EXPECT_EQ(json("GET", "/jobs/1")["schedule_compute_nodes"], schedule);
}

TEST_F(ServiceTest, SlurmStatsBelongToAJobOfTheirWorkflow) {
  make_workflow();
  make_workflow();
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  const std::string rest = R"("job_id":1,"run_id":1,"attempt_id":2,"max_rss_bytes":7})";
  EXPECT_EQ(json("POST", "/slurm_stats", R"({"workflow_id":1,)" + rest)["max_rss_bytes"], 7);
  EXPECT_EQ(ask("POST", "/slurm_stats", R"({"workflow_id":2,)" + rest).status, 422);
  EXPECT_EQ(json("GET", "/slurm_stats?workflow_id=1&attempt_id=2")["count"], 1);
  EXPECT_EQ(json("GET", "/slurm_stats?workflow_id=1&attempt_id=1")["count"], 0);
}

TEST_F(ServiceTest, AnEntityIdIsUniqueInAWorkflow) {
  make_workflow();
  const auto entity = [](const char* name) {
    return nlohmann::json{{"workflow_id", 1}, {"entity_id", name}, {"entity_type", "File"}, {"metadata", "{}"}}.dump();
  };
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("a")).status, 200);
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("b")).status, 200);
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("a")).status, 409);
  EXPECT_EQ(ask("PUT", "/ro_crate_entities/2", entity("a")).status, 409);
  EXPECT_EQ(ask("PUT", "/ro_crate_entities/2", entity("b")).status, 200) << "its own ID";
  EXPECT_EQ(json("GET", "/workflows/1/ro_crate_entities")["count"], 2);
  EXPECT_EQ(json("DELETE", "/workflows/1/ro_crate_entities")["deleted_count"], 2);
}

TEST_F(ServiceTest, ManyJobsEndInOneRequest) {
  make_workflow();
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  ask("POST", "/workflows/1/initialize_jobs");
  ask("POST", "/workflows/1/claim_next_jobs");
  const auto completion = [](int job) {
    return nlohmann::json{{"job_id", job},
                          {"status", "completed"},
                          {"run_id", 0},
                          {"result",
                           {{"job_id", job},
                            {"workflow_id", 1},
                            {"run_id", 0},
                            {"compute_node_id", 1},
                            {"return_code", 0},
                            {"exec_time_minutes", 0.5},
                            {"completion_time", "2026-01-02T03:04:05Z"},
                            {"status", "completed"}}}};
  };
  const nlohmann::json body{{"completions", {completion(1), completion(9)}}};
  const auto answer = json("POST", "/workflows/1/batch_complete_jobs", body.dump());
  EXPECT_EQ(answer["completed"], nlohmann::json{1});
  EXPECT_EQ(answer["errors"][0]["job_id"], 9);
  EXPECT_EQ(json("GET", "/jobs/1")["status"], "completed");
  EXPECT_EQ(ask("POST", "/workflows/1/batch_complete_jobs", "{}").status, 422);
  EXPECT_EQ(ask("POST", "/workflows/9/batch_complete_jobs", body.dump()).status, 404);
}

TEST_F(ServiceTest, AnActionIsClaimedOnceAndTheResponseHasBothFields) {
  make_workflow();
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  const std::string action =
      R"("trigger_type":"on_workflow_start","action_type":"run_commands","action_config":{"commands":["true"]}})";
  EXPECT_EQ(json("POST", "/workflows/1/actions", R"({"workflow_id":1,)" + action)["id"], 1);
  EXPECT_EQ(ask("POST", "/workflows/1/actions", R"({"workflow_id":2,)" + action).status, 422);
  ask("POST", "/workflows/1/initialize_jobs");
  const std::string pending = "/workflows/1/actions/pending?trigger_type=on_jobs_ready&trigger_type=";
  EXPECT_EQ(json("GET", pending + "on_jobs_complete").size(), 0U);
  EXPECT_EQ(json("GET", pending + "on_workflow_start").size(), 1U);
  const auto claimed = json("POST", "/workflows/1/actions/1/claim", R"({"compute_node_id":1})");
  EXPECT_EQ(claimed, (nlohmann::json{{"action_id", 1}, {"success", true}}));
  const auto again = ask("POST", "/workflows/1/actions/1/claim", "{}");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(model::parse_json(again.body)["error"]["success"], false);
  EXPECT_EQ(ask("POST", "/workflows/1/actions/9/claim", "{}").status, 404);
  EXPECT_EQ(ask("POST", "/workflows/1/actions/1/claim", R"({"compute_node_id":"x"})").status, 422);
}

TEST_F(ServiceTest, GroupsMembersAndWorkflowsAreListedFromEachSide) {
  make_workflow();
  EXPECT_EQ(json("POST", "/access_groups", R"({"name":"team"})")["id"], 2) << "group 1 is the administrators";
  EXPECT_EQ(ask("POST", "/access_groups", R"({"name":"team"})").status, 409);
  EXPECT_EQ(ask("POST", "/access_groups/2/members", R"({"group_id":3,"user_name":"b c","role":"member"})").status, 422);
  EXPECT_EQ(ask("POST", "/access_groups/2/members", R"({"group_id":2,"user_name":"b c","role":"member"})").status, 200);
  EXPECT_EQ(ask("POST", "/workflows/1/access_groups/2").status, 200);
  EXPECT_EQ(json("GET", "/users/b%20c/groups")["items"][0]["name"], "team");
  EXPECT_EQ(json("GET", "/workflows/1/access_groups")["total_count"], 1);
  EXPECT_EQ(json("GET", "/access_check/1/b%20c")["has_access"], true);
  const auto page = json("GET", "/access_groups?limit=1");
  EXPECT_EQ(page["limit"], 1);
  EXPECT_EQ(page["has_more"], true);
  EXPECT_EQ(ask("DELETE", "/access_groups/1").status, 403);
  EXPECT_EQ(ask("DELETE", "/access_groups/2/members/b%20c").status, 200);
  EXPECT_EQ(json("GET", "/access_check/1/b%20c")["has_access"], false);
}

TEST_F(ServiceTest, ASummaryNeedsNoJobs) {
  make_workflow();
  ask("POST", "/jobs", R"({"workflow_id":1,"name":"a","command":"c"})");
  ask("POST", "/workflows/1/initialize_jobs");
  const auto before = json("GET", "/workflows/1/summary");
  EXPECT_EQ(before["jobs"]["ready"], 1);
  EXPECT_EQ(before["jobs"]["failed"], 0);
  EXPECT_EQ(before["total_jobs"], 1);
  EXPECT_FALSE(before.contains("walltime_seconds"));
  EXPECT_EQ(json("GET", "/workflows/1/ready_job_requirements")["num_jobs"], 1);
  ask("POST", "/jobs/1/complete_job/completed/0",
      R"({"job_id":1,"workflow_id":1,"run_id":0,"compute_node_id":1,"return_code":0,"exec_time_minutes":0.5,)"
      R"("completion_time":"2026-01-02T03:04:05Z","status":"completed"})");
  const auto after = json("GET", "/workflows/1/summary");
  EXPECT_EQ(after["is_complete"], true);
  EXPECT_EQ(after["walltime_seconds"], 30.0);
  EXPECT_EQ(after["first_start"], "2026-01-02T03:03:35.000Z");
  EXPECT_EQ(ask("GET", "/workflows/9/summary").status, 404);
  EXPECT_EQ(ask("POST", "/admin/reload-auth").status, 422);
}

TEST(ServiceEndTest, ACleanEndLeavesOnlyTheDatabaseFile) {
  const support::TempDir dir;
  {
    const store::Database database{dir / "torc.db"};
    Service service{database, reply_at_once};
    std::promise<int> status;
    service.handle({.method = "POST",
                    .target = "/torc-service/v1/workflows",
                    .body = R"({"name":"w","user":"u"})",
                    .fields = k_json_fields},
                   [&status](Response response) { status.set_value(response.status); });
    EXPECT_EQ(status.get_future().get(), 200);
    EXPECT_TRUE(std::filesystem::exists(dir / "torc.db-wal"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "torc.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(dir / "torc.db-shm"));
}

}  // namespace torc::server
