#include <mutex>
#include <set>
#include <thread>

#include "torc/model/automation.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

class ClaimTest : public StoreTest {
 protected:
  Id requirements(std::int64_t cpus, std::int64_t memory_gb, std::int64_t gpus = 0, std::int64_t seconds = 60) {
    model::ResourceRequirements body;
    body.workflow_id = workflow;
    body.name = "r";
    body.num_cpus = cpus;
    body.num_gpus = gpus;
    const Id id = insert(connection, body);
    record_amounts(connection, id, memory_gb << 30, seconds);
    return id;
  }
  Id job_with(Id requirements_id, std::int64_t priority = 0) {
    model::Job body = job_body("j");
    body.resource_requirements_id = requirements_id;
    body.priority = priority;
    return create(body);
  }
  std::vector<Id> fit(model::ComputeNodesResources resources, std::int64_t limit = 100, bool strict = false) {
    std::vector<Id> ids;
    for (const auto& claimed : claim_jobs_that_fit(connection, {workflow, limit, {}}, resources, strict)) {
      ids.push_back(claimed.id.value());
    }
    return ids;
  }
};

model::ComputeNodesResources resources(std::int64_t cpus, double memory_gb, std::int64_t gpus = 0) {
  model::ComputeNodesResources result;
  result.num_cpus = cpus;
  result.memory_gb = memory_gb;
  result.num_gpus = gpus;
  return result;
}

}  // namespace

TEST_F(ClaimTest, GivesTheHighestPriorityFirstThenTheLowestId) {
  const Id plain = requirements(1, 1);
  const Id a = job_with(plain, 1);
  const Id b = job_with(plain, 5);
  const Id c = job_with(plain, 5);
  const Id d = job_with(plain, 0);
  initialize();
  EXPECT_EQ(claim(3), (std::vector<Id>{b, c, a}));
  EXPECT_EQ(claim(3), std::vector<Id>{d});
  EXPECT_TRUE(claim(3).empty());
}

TEST_F(ClaimTest, NothingIsReadyBeforeInitialization) {
  job("a");
  EXPECT_TRUE(claim(5).empty());
}

TEST_F(ClaimTest, GivesNothingForALimitOfZero) {
  job("a");
  initialize();
  EXPECT_TRUE(claim(0).empty());
  EXPECT_THROW(claim(-1), Refused);
}

TEST_F(ClaimTest, RecordsTheClaimingNode) {
  const Id a = job("a");
  initialize();
  const Id n = node();
  claim(1, n);
  EXPECT_EQ(list<model::Job>(connection, Filter{}.equals("compute_node_id", n), {}).items.front().id, a);
}

TEST_F(ClaimTest, FillsUpWithJobsThatFit) {
  const Id big = requirements(4, 8);
  const Id small = requirements(1, 1);
  const Id a = job_with(big);
  const Id b = job_with(big);
  const Id c = job_with(small);
  const Id d = job_with(small);
  const Id e = job_with(small);
  initialize();
  EXPECT_EQ(fit(resources(6, 100)), (std::vector<Id>{a, c, d})) << "the second big job does not fit";
  EXPECT_TRUE(fit(resources(0, 100)).empty());
  EXPECT_TRUE(fit(resources(4, 0.5)).empty());
  EXPECT_EQ(fit(resources(4, 9)), std::vector<Id>{b}) << "in order, the big job takes all four CPUs";
  EXPECT_EQ(fit(resources(4, 9)), std::vector<Id>{e});
}

TEST_F(ClaimTest, ConsidersMemoryGpusAndTime) {
  const Id gpu = job_with(requirements(1, 1, 2));
  const Id slow = job_with(requirements(1, 1, 0, 7200));
  const Id fat = job_with(requirements(1, 64));
  initialize();
  auto offer = resources(8, 8, 1);
  offer.time_limit = "PT1H";
  EXPECT_TRUE(fit(offer).empty());
  offer.time_limit = "PT2H";
  EXPECT_EQ(fit(offer), std::vector<Id>{slow});
  offer.num_gpus = 2;
  EXPECT_EQ(fit(offer), std::vector<Id>{gpu});
  EXPECT_EQ(fit(resources(8, 64)), std::vector<Id>{fat});
}

TEST_F(ClaimTest, GivesNoMoreThanTheLimit) {
  const Id small = requirements(1, 1);
  const Id a = job_with(small);
  const Id b = job_with(small);
  job_with(small);
  initialize();
  EXPECT_EQ(fit(resources(16, 16), 2), (std::vector<Id>{a, b}));
}

TEST_F(ClaimTest, PrefersJobsOfItsScheduler) {
  model::Job body = job_body("a");
  body.scheduler_id = 1;
  const Id first = create(body);
  body.scheduler_id = 2;
  const Id second = create(body);
  initialize();
  auto offer = resources(8, 8);
  offer.scheduler_config_id = 2;
  EXPECT_EQ(fit(offer, 10), std::vector<Id>{second});
  EXPECT_TRUE(fit(offer, 10, true).empty()) << "a strict claim gets no others";
  EXPECT_EQ(fit(offer, 10), std::vector<Id>{first}) << "a job of another scheduler is better than none";
}

TEST_F(ClaimTest, NamesTheFailureHandlerButNotTheScheduler) {
  model::Job body = job_body("a");
  body.scheduler_id = 1;
  model::FailureHandler handler;
  handler.workflow_id = workflow;
  handler.name = "h";
  handler.rules = "[]";
  body.failure_handler_id = insert(connection, handler);
  create(body);
  create(job_body("b"));
  initialize();
  const auto jobs = claim_jobs_that_fit(connection, {workflow, 10, {}}, resources(8, 8), false);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].failure_handler_id, body.failure_handler_id);
  EXPECT_EQ(jobs[0].scheduler_id, std::nullopt);
  EXPECT_EQ(jobs[1].failure_handler_id, std::nullopt);
}

TEST_F(ClaimTest, AnInvalidTimeLimitIsRefused) {
  auto offer = resources(8, 8);
  offer.time_limit = "soon";
  EXPECT_THROW(fit(offer), Refused);
}

// Several connections at once, as from several processes; each claim is one transaction.
TEST_F(ClaimTest, GivesNoJobTwiceUnderManyThreads) {
  constexpr int k_jobs = 600;
  Transaction transaction{connection};
  for (int i = 0; i < k_jobs; ++i) {
    job("j");
  }
  initialize();
  transaction.commit();

  std::mutex mutex;
  std::multiset<Id> claimed;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      auto own = database.open(Connection::Mode::write);
      for (;;) {
        Transaction claiming{own};
        const auto jobs = i % 2 == 0 ? claim_next_jobs(own, {workflow, 7, {}})
                                     : claim_jobs_that_fit(own, {workflow, 7, {}}, resources(5, 100), false);
        claiming.commit();
        if (jobs.empty()) {
          return;
        }
        const std::lock_guard lock{mutex};
        for (const auto& job : jobs) {
          claimed.insert(*job.id);
        }
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(k_jobs));
  EXPECT_EQ(std::set<Id>(claimed.begin(), claimed.end()).size(), static_cast<std::size_t>(k_jobs));
}

}  // namespace torc::store
