// Statements that run for each job must use the partial indexes of jobs, which SQLite does only if the statement's own
// text contains the condition of the index.

#include "store/query.hpp"
#include "torc/store/compute_nodes.hpp"
#include "torc/store/overview.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {

class QueryPlansTest : public StoreTest {
 protected:
  /// The plans of the statements that the connection has prepared so far and that begin with `start`, a step per line.
  std::string plans_of(std::string_view start) {
    std::string plans;
    for (const auto& [sql, statement] : connection.impl().statements) {
      if (sql.starts_with(start)) {
        SQLite::Statement steps{connection.impl().database, "EXPLAIN QUERY PLAN " + sql};
        while (steps.executeStep()) {
          plans += steps.getColumn(3).getString() + "\n";
        }
      }
    }
    return plans;
  }

  void expect_index(std::string_view start, std::string_view index) {
    const std::string plans = plans_of(start);
    EXPECT_NE(plans.find(index), std::string::npos) << plans;
    EXPECT_EQ(plans.find("TEMP B-TREE"), std::string::npos) << plans;
    connection.impl().statements.clear();
  }
};

TEST_F(QueryPlansTest, ClaimsReadTheReadyJobsInTheirOrder) {
  claim_next_jobs(connection, {workflow, 1});
  expect_index("SELECT id FROM jobs WHERE workflow_id = ? AND status", "jobs_ready");
  claim_jobs_that_fit(connection, {workflow, 1}, {}, false);
  expect_index("SELECT j.id, r.num_cpus", "jobs_ready");
  EXPECT_FALSE(has_ready_jobs(connection, workflow));
  expect_index("SELECT 1 FROM jobs", "jobs_ready");
  ready_job_requirements(connection, workflow, {});
  expect_index("SELECT COUNT(*), COALESCE(SUM", "jobs_ready");
}

TEST_F(QueryPlansTest, UnfinishedJobsAreFoundWithoutReadingFinishedOnes) {
  EXPECT_TRUE(workflow_completion(connection, workflow).is_complete);
  expect_index("SELECT 1 FROM jobs", "jobs_unfinished");
  initialize();
  expect_index("UPDATE jobs SET blockers", "jobs_unfinished");
  initialize();
  expect_index("UPDATE jobs SET status = CASE", "jobs_unfinished");
  Filter blocked;
  blocked.equals("workflow_id", workflow);
  filter_by_status(blocked, model::JobStatus::blocked);
  list_jobs(connection, blocked, {}, Relations::none);
  expect_index("SELECT COUNT(*) FROM jobs", "jobs_unfinished");
}

TEST_F(QueryPlansTest, TheJobsOfANodeAreFoundByTheNode) {
  const Id id = node();
  record_heartbeat(connection, id);
  EXPECT_TRUE(mark_node_lost(connection, id));
  expect_index("SELECT id, name, attempt_id, losses", "jobs_at_work");
  Filter active;
  filter_by_active_node(active, id);
  list_jobs(connection, active, {}, Relations::none);
  expect_index("SELECT COUNT(*) FROM jobs", "jobs_at_work");
}

}  // namespace torc::store
