// The resources of a workflow that runners and clients share through the server.

#include <filesystem>

#include "unit/server/service_fixture.hpp"

namespace torc::server {

TEST_F(ServiceTest, SchedulersAndHandlersAreKeptChangedAndDeleted) {
  make_workflow();
  const auto slurm = json("POST", "/slurm_schedulers",
                          R"({"workflow_id":1,"account":"a","nodes":1,"walltime":"01:00:00","partition":"debug"})");
  EXPECT_EQ(slurm["id"], 1);
  const auto changed =
      json("PUT", "/slurm_schedulers/1", R"({"workflow_id":1,"account":"b","nodes":2,"walltime":"02:00:00"})");
  EXPECT_EQ(changed["account"], "b");
  EXPECT_EQ(changed["partition"], "debug") << "what is not given stays";
  json("POST", "/local_schedulers", R"({"workflow_id":1,"name":"l","num_cpus":2})");
  json("POST", "/local_schedulers", R"({"workflow_id":1,"name":"m","num_cpus":3})");
  EXPECT_EQ(json("GET", "/local_schedulers?workflow_id=1&num_cpus=3")["items"][0]["name"], "m");
  EXPECT_EQ(json("DELETE", "/local_schedulers?workflow_id=1")["count"], 2);
  json("POST", "/failure_handlers", R"({"workflow_id":1,"name":"h","rules":"[]"})");
  EXPECT_EQ(json("GET", "/workflows/1/failure_handlers")["count"], 1);
  EXPECT_EQ(ask("DELETE", "/failure_handlers/1").status, 200);
  EXPECT_EQ(ask("GET", "/failure_handlers/1").status, 404);
  EXPECT_EQ(ask("GET", "/workflows/9/failure_handlers").status, 404);
  EXPECT_EQ(ask("POST", "/slurm_schedulers", R"({"workflow_id":9,"account":"a","nodes":1,"walltime":"1"})").status, 404);
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

TEST_F(ServiceTest, AnEntityHasItsNameForItselfInAWorkflow) {
  make_workflow();
  const auto entity = [](const char* name) {
    return nlohmann::json{{"workflow_id", 1}, {"entity_id", name}, {"entity_type", "File"}, {"metadata", "{}"}}.dump();
  };
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("a")).status, 200);
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("b")).status, 200);
  EXPECT_EQ(ask("POST", "/ro_crate_entities", entity("a")).status, 409);
  EXPECT_EQ(ask("PUT", "/ro_crate_entities/2", entity("a")).status, 409);
  EXPECT_EQ(ask("PUT", "/ro_crate_entities/2", entity("b")).status, 200) << "its own name";
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

TEST(ServiceEndTest, ACleanEndLeavesTheDatabaseFileAlone) {
  const support::TempDir dir;
  {
    const store::Database database{dir / "torc.db"};
    Service service{database, reply_at_once};
    std::promise<int> status;
    service.handle("POST", "/torc-service/v1/workflows", R"({"name":"w","user":"u"})",
                   [&status](Response response) { status.set_value(response.status); });
    EXPECT_EQ(status.get_future().get(), 200);
    EXPECT_TRUE(std::filesystem::exists(dir / "torc.db-wal"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "torc.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(dir / "torc.db-shm"));
}

}  // namespace torc::server
