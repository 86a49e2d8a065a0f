#include "store/maintenance/read_only.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/store/connection.hpp"
#include "unit/store/raw_sql.hpp"

namespace torc::store {
namespace {

constexpr const char* k_question = "SELECT count(*) FROM workflows";

class ReadOnlyTest : public testing::Test {
 protected:
  ReadOnlyTest() { const Database made{path}; }

  support::TempDir dir;
  std::string path = dir / "torc.db";
};

TEST_F(ReadOnlyTest, CreatesNoFilesBesideAnUnusedDatabase) {
  ReadOnlyDatabase database{path};
  EXPECT_EQ(database->execAndGet(k_question).getInt(), 0);
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(path + "-shm"));
  database.require_unchanged();
}

TEST_F(ReadOnlyTest, ReportsThatAServerBeganToUseTheDatabase) {
  ReadOnlyDatabase database{path};
  EXPECT_EQ(database->execAndGet(k_question).getInt(), 0);
  {
    const Database server{path};
    EXPECT_THROW(database.require_unchanged(), base::Error);
    run_sql(path, "UPDATE server SET server_id = 'x'");
  }
  EXPECT_THROW(database.require_unchanged(), base::Error) << "also after the server has ended";
}

TEST_F(ReadOnlyTest, ReadsUnderLocksBesideAServer) {
  const Database server{path};
  ReadOnlyDatabase database{path};
  EXPECT_EQ(database->execAndGet(k_question).getInt(), 0);
  run_sql(path, "UPDATE server SET server_id = 'x'");
  database.require_unchanged();
}

TEST_F(ReadOnlyTest, ReadsUnderLocksADatabaseWithoutLog) {
  run_sql(path, "PRAGMA journal_mode = DELETE");
  ReadOnlyDatabase database{path};
  database->exec("BEGIN");
  EXPECT_EQ(database->execAndGet(k_question).getInt(), 0);
  EXPECT_EQ(std::filesystem::exists(path + "-wal"), false);
  database->exec("COMMIT");
  run_sql(path, "UPDATE server SET server_id = 'x'");
  EXPECT_EQ(database->execAndGet("SELECT server_id FROM server").getString(), "x");
  database.require_unchanged();
}

}  // namespace
}  // namespace torc::store
