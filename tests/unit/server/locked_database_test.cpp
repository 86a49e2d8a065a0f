// The database while another process has it locked.

#include <chrono>
#include <optional>
#include <vector>

#include "unit/server/service_fixture.hpp"

namespace torc::server {
namespace {

using std::chrono::seconds;

constexpr seconds k_busy_timeout{1};

class LockedDatabaseTest : public ServiceTest {
 protected:
  LockedDatabaseTest() : ServiceTest({.busy_timeout = k_busy_timeout}) {}

  std::future<Response> change_later() { return ask_later("POST", "/workflows", R"({"name":"w","user":"u"})"); }
  int change() { return change_later().get().status; }

  store::Connection other = database.open(store::Connection::Mode::write);
  std::optional<store::Transaction> lock;  ///< Held by `other`.
};

TEST_F(LockedDatabaseTest, OnlyTheFirstChangesWaitForTheLock) {
  lock.emplace(other);
  const auto began = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - began; };
  EXPECT_EQ(change(), 503);
  EXPECT_GE(elapsed(), k_busy_timeout);
  std::vector<std::future<Response>> together;
  for (int i = 0; i < 600; ++i) {  // More than one group.
    together.push_back(change_later());
  }
  for (auto& answer : together) {
    EXPECT_EQ(answer.get().status, 503);
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(change(), 503);
  }
  EXPECT_LT(elapsed(), 4 * k_busy_timeout) << "if each group waited, there would be at least eight waits";
  EXPECT_EQ(json("GET", "/workflows")["total_count"], 0) << "reads must still succeed";
}

TEST_F(LockedDatabaseTest, ChangesAreAcceptedOnceTheLockIsReleased) {
  lock.emplace(other);
  EXPECT_EQ(change(), 503);
  EXPECT_EQ(change(), 503);
  lock.reset();
  EXPECT_EQ(change(), 200);
  // After that, changes wait for the lock again.
  lock.emplace(other);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(change(), 503);
  EXPECT_GE(std::chrono::steady_clock::now() - began, k_busy_timeout);
}

}  // namespace
}  // namespace torc::server
