#include "torc/store/maintenance.hpp"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "torc/base/file.hpp"
#include "unit/store/raw_sql.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

std::string refusal_of_backup(const std::string& database, const std::string& target,
                              Existing existing = Existing::refuse) {
  try {
    back_up(database, target, existing);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_F(StoreTest, ABackupContainsAllCommitsAndIsOneFile) {
  job("a");
  ::chmod((dir / "torc.db").c_str(), 0600);
  const std::string target = dir / "copy.db";
  const auto made = back_up(database.path(), target, Existing::refuse);
  EXPECT_EQ(static_cast<std::uintmax_t>(made.bytes), std::filesystem::file_size(target));
  EXPECT_EQ(run_sql(target, "SELECT name FROM jobs"), "a");
  EXPECT_EQ(run_sql(target, "PRAGMA journal_mode"), "delete");
  struct stat status {};
  ASSERT_EQ(::stat(target.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "it must be as private as the database";
  for (const auto& entry : std::filesystem::directory_iterator{dir.path()}) {
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
}

TEST_F(StoreTest, ABackupIsASnapshotAndDoesNotDelayTheWriter) {
  for (int i = 0; i < 200; ++i) {
    create_workflow(connection, named_workflow(std::string(50'000, 'x')));
  }
  std::atomic<bool> done{false};
  std::thread copier{[&] {
    back_up(database.path(), dir / "copy.db", Existing::refuse);
    done = true;
  }};
  int written = 0;
  // Each transaction adds two, so a copy with an odd number of them is not a snapshot.
  while (!done) {
    Transaction transaction{connection};
    create_workflow(connection, named_workflow("pair"));
    create_workflow(connection, named_workflow("pair"));
    transaction.commit();
    written += 2;
  }
  copier.join();
  const int copied = std::stoi(run_sql(dir / "copy.db", "SELECT count(*) FROM workflows WHERE name = 'pair'"));
  EXPECT_EQ(copied % 2, 0);
  EXPECT_LE(copied, written);
  EXPECT_EQ(run_sql(dir / "copy.db", "PRAGMA integrity_check"), "ok");
}

TEST_F(StoreTest, ABackupReplacesAFileOnlyOnRequest) {
  const std::string target = dir / "copy.db";
  base::write_file_atomically(target, "precious");
  EXPECT_NE(refusal_of_backup(database.path(), target).find("already exists"), std::string::npos);
  EXPECT_EQ(base::read_file(target), "precious");
  EXPECT_EQ(refusal_of_backup(database.path(), target, Existing::replace), "");
  EXPECT_EQ(run_sql(target, "SELECT name FROM workflows"), "w");
  EXPECT_NE(refusal_of_backup(database.path(), database.path(), Existing::replace).find("the database itself"),
            std::string::npos);
  EXPECT_NE(refusal_of_backup(dir / "none.db", dir / "x.db").find("none.db"), std::string::npos);
  EXPECT_NE(refusal_of_backup(database.path(), dir / "no/such/copy.db").find("no/such/copy.db"), std::string::npos);
}

TEST_F(StoreTest, ACheckCountsTheRecords) {
  const Id a = job("a");
  job("b", {a});
  initialize();
  complete(a, model::JobStatus::failed);
  const Check check = check_database(database.path());
  EXPECT_TRUE(check.ok()) << check.problems.front();
  EXPECT_EQ(check.version, check.newest_version);
  EXPECT_EQ(check.server_id, database.server_id());
  EXPECT_EQ(check.workflows, 1);
  EXPECT_EQ(check.jobs, (std::map<std::string, std::int64_t>{{"failed", 1}, {"canceled", 1}}));
  EXPECT_EQ(check.results, (std::map<std::string, std::int64_t>{{"failed", 1}}));
}

TEST(MaintenanceTest, ACheckReportsProblems) {
  const support::TempDir dir;
  const std::string path = dir / "torc.db";
  EXPECT_THROW(check_database(path), base::Error);
  {
    const Database database{path};
    auto connection = database.open(Connection::Mode::write);
    Transaction transaction{connection};
    for (int i = 0; i < 500; ++i) {
      create_workflow(connection, named_workflow("w" + std::to_string(i)));
    }
    transaction.commit();
  }
  run_sql(path, "PRAGMA foreign_keys = OFF; INSERT INTO remote_workers (workflow_id, worker) VALUES (99999, 'h1')");
  const Check lost = check_database(path);
  ASSERT_EQ(lost.problems.size(), 1U);
  EXPECT_NE(lost.problems.front().find("remote_workers"), std::string::npos) << lost.problems.front();

  const auto page = std::stol(run_sql(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'workflows'"));
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp((page - 1) * 4096);
  file << std::string(4096, '\xff');
  file.close();
  EXPECT_FALSE(check_database(path).ok());
  EXPECT_NE(refusal_of_backup(path, dir / "copy.db").find("damaged"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir / "copy.db"));
}

TEST(MaintenanceTest, ACheckRejectsOtherDatabases) {
  const support::TempDir dir;
  base::write_file_atomically(dir / "text.db", std::string(5000, 'x'));
  EXPECT_FALSE(check_database(dir / "text.db").ok());
  { const Database database{dir / "newer.db"}; }
  run_sql(dir / "newer.db", "PRAGMA user_version = 1000");
  EXPECT_NE(check_database(dir / "newer.db").problems.front().find("version 1000"), std::string::npos);
}

}  // namespace torc::store
