// Operations whose cost must not grow with the number of finished jobs, measured in steps of SQLite's virtual machine.

#include <sqlite3.h>

#include "store/query.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {

class GrowthTest : public StoreTest {
 protected:
  /// Steps of the virtual machine, in tens.
  template <typename Action>
  int steps(Action&& action) {
    int tens = 0;
    sqlite3* handle = connection.impl().database.getHandle();
    sqlite3_progress_handler(
        handle, 10,
        [](void* count) {
          ++*static_cast<int*>(count);
          return 0;
        },
        &tens);
    action();
    sqlite3_progress_handler(handle, 0, nullptr, nullptr);
    return tens;
  }

  void finish_jobs(int count) {
    create_jobs(connection, workflow, std::vector<model::Job>(static_cast<std::size_t>(count), job_body("j")));
    initialize_jobs(connection, workflow, {.only_uninitialized = true});
    for (const Id id : claim(count)) {
      complete(id);
    }
  }

  /// Does the same work with few and with many finished jobs.
  template <typename Action>
  void expect_no_growth(Action&& action) {
    finish_jobs(20);
    action();
    const int few = steps(action);
    finish_jobs(1000);
    const int many = steps(action);
    EXPECT_GT(few, 0);
    EXPECT_LT(many, few + 50) << few << " before";
  }
};

TEST_F(GrowthTest, InitializingNewJobs) {
  expect_no_growth([this] {
    const Id blocker = job("blocker");
    const Id dependent = job("dependent", {blocker});
    initialize_jobs(connection, workflow, {.only_uninitialized = true});
    complete(blocker);
    complete(dependent);
  });
}

TEST_F(GrowthTest, ListingJobsThatAreNotDone) {
  expect_no_growth([this] {
    Filter ready;
    ready.equals("workflow_id", workflow);
    filter_by_status(ready, model::JobStatus::ready);
    EXPECT_EQ(list_jobs(connection, ready, {}, Relations::none).total_count, 0);
    Filter active;
    active.equals("workflow_id", workflow);
    filter_by_active_node(active, 1);
    EXPECT_EQ(list_jobs(connection, active, {}, Relations::none).total_count, 0);
  });
}

TEST_F(GrowthTest, ClaimingAndCompleting) {
  expect_no_growth([this] {
    const Id id = job("one");
    initialize_jobs(connection, workflow, {.only_uninitialized = true});
    EXPECT_EQ(claim(1), std::vector<Id>{id});
    complete(id);
    EXPECT_TRUE(workflow_completion(connection, workflow).is_complete);
  });
}

}  // namespace torc::store
