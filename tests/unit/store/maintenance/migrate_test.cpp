#include "store/maintenance/migrate.hpp"

#include <filesystem>

#include "torc/base/file.hpp"
#include "unit/store/raw_sql.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

constexpr const char* k_rows =
    "INSERT INTO server VALUES ('11111111-2222-4333-8444-555555555555');"
    "INSERT INTO workflows (name, user, timestamp) VALUES ('old', 'u', '2026-01-02T03:04:05Z');"
    "INSERT INTO resource_requirements (workflow_id, name) VALUES (1, 'default');"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    "  INSERT INTO jobs (workflow_id, name, command, status, resource_requirements_id)"
    "  SELECT 1, 'job' || i, 'true', 5, 1 FROM n;"
    "INSERT INTO results (job_id, workflow_id, run_id, compute_node_id, return_code, exec_time_minutes, "
    "completion_time, status)"
    "  SELECT id, 1, 1, 1, 0, 0.5, '2026-01-02T03:04:05Z', 5 FROM jobs;"
    "INSERT INTO job_dependencies (job_id, depends_on_job_id, workflow_id) SELECT id, id - 1, 1 FROM jobs WHERE id > "
    "1;";

/// A database of the first version of this program, with rows in its tables.
void make_old_database(const std::filesystem::path& path) {
  run_sql(path, std::string{migrations().front().sql} + k_rows + "PRAGMA user_version = 1");
}

std::string copy_name(const std::filesystem::path& path) {
  return path.string() + ".before-v" + std::to_string(migrations().size());
}

/// Tables with their columns, indexes with their columns and conditions, foreign keys, and predefined rows.
std::string shape_of(const std::filesystem::path& path) {
  const auto lines = [&](const std::string& columns, const std::string& rest) {
    return run_sql(path, "SELECT group_concat(line, char(10)) FROM (SELECT " + columns + " AS line " + rest + ")") +
           "\n";
  };
  return lines(
             "t.name || ' ' || t.wr || t.strict || ' ' || x.name || ' ' || x.type || x.\"notnull\" || x.pk || x.hidden "
             "|| "
             "quote(x.dflt_value)",
             "FROM pragma_table_list t, pragma_table_xinfo(t.name) x WHERE t.name NOT LIKE 'sqlite_%' ORDER BY t.name, "
             "x.cid") +
         lines("tbl_name || ' ' || name || ' ' || quote(sql)",
               "FROM sqlite_schema WHERE type <> 'table' ORDER BY tbl_name, name") +
         lines("t.name || ' ' || f.\"from\" || ' ' || f.\"table\" || quote(f.\"to\") || f.on_delete",
               "FROM pragma_table_list t, pragma_foreign_key_list(t.name) f ORDER BY t.name, f.\"from\"") +
         lines("id || name || description", "FROM access_groups");
}

}  // namespace

TEST(MigrateTest, ANewDatabaseEqualsTheResultOfAllMigrations) {
  const support::TempDir dir;
  { const Database database{dir / "new.db"}; }
  std::string sql = "BEGIN;";
  for (const auto& step : migrations()) {
    sql += step.sql;
  }
  run_sql(dir / "old.db", sql + "COMMIT;");
  for (const char* part : {"jobs 00 priority INTEGER", "jobs_ready", "CASCADE", "System administrators"}) {
    EXPECT_NE(shape_of(dir / "new.db").find(part), std::string::npos) << part;
  }
  EXPECT_EQ(shape_of(dir / "new.db"), shape_of(dir / "old.db"));
}

TEST(MigrateTest, AnUpgradeKeepsTheRowsAndACopyOfTheOldDatabase) {
  const support::TempDir dir;
  make_old_database(dir / "torc.db");
  {
    const Database database{dir / "torc.db"};
    EXPECT_EQ(database.server_id(), "11111111-2222-4333-8444-555555555555");
    auto connection = database.open(Connection::Mode::read);
    EXPECT_EQ(list<model::Job>(connection, {}, {}).total_count, 2000);
    EXPECT_EQ(list<model::Result>(connection, {}, {}).total_count, 2000);
  }
  EXPECT_EQ(run_sql(dir / "torc.db", "PRAGMA user_version"), std::to_string(migrations().size()));
  EXPECT_EQ(run_sql(dir / "torc.db", "SELECT count(*) FROM jobs WHERE losses = 0 AND lost_on IS NULL"), "2000");
  EXPECT_EQ(run_sql(dir / "torc.db", "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(run_sql(dir / "torc.db", "PRAGMA foreign_key_check"), "");

  const std::string copy = copy_name(dir / "torc.db");
  EXPECT_EQ(run_sql(copy, "PRAGMA user_version"), "1");
  EXPECT_EQ(run_sql(copy, "SELECT count(*) FROM results"), "2000");
  EXPECT_FALSE(std::filesystem::exists(copy + "-wal")) << "the copy is one file";
}

TEST(MigrateTest, ACopyOfAnEarlierUpgradeIsKept) {
  const support::TempDir dir;
  const std::string copy = copy_name(dir / "torc.db");
  base::write_file_atomically(copy, "earlier");
  make_old_database(dir / "torc.db");
  { const Database database{dir / "torc.db"}; }
  EXPECT_EQ(base::read_file(copy), "earlier");
  EXPECT_EQ(run_sql(copy + "-2", "PRAGMA user_version"), "1");
}

TEST(MigrateTest, ANewOrCurrentDatabaseIsNotCopied) {
  const support::TempDir dir;
  { const Database database{dir / "torc.db"}; }
  { const Database database{dir / "torc.db"}; }
  EXPECT_FALSE(std::filesystem::exists(copy_name(dir / "torc.db")));
}

TEST(MigrateTest, AFailedMigrationLeavesTheOldDatabaseAndNoCopy) {
  const support::TempDir dir;
  make_old_database(dir / "torc.db");
  Connection connection{dir / "torc.db", Connection::Mode::write};
  std::vector<Migration> steps{migrations().front()};
  steps.push_back({"0002_good", "CREATE TABLE extra (x); UPDATE jobs SET name = 'changed';"});
  steps.push_back({"0003_bad", "CREATE TABLE extra (x);"});
  try {
    migrate(connection, dir / "torc.db", steps);
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string{error.what()}.find("it is unchanged"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_EQ(run_sql(dir / "torc.db", "PRAGMA user_version"), "1");
  EXPECT_EQ(run_sql(dir / "torc.db", "SELECT count(*) FROM jobs WHERE name = 'changed'"), "0");
  for (const auto& entry : std::filesystem::directory_iterator{dir.path()}) {
    EXPECT_EQ(entry.path().string().find("before"), std::string::npos) << entry.path();
  }
}

}  // namespace torc::store
