#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "torc/base/file.hpp"
#include "unit/store/raw_sql.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

std::string failure_of_opening(const std::filesystem::path& path) {
  try {
    const Database database{path};
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(DatabaseTest, CreatesTheFileAndItsDirectory) {
  const support::TempDir dir;
  const Database database{dir / "a/b/torc.db"};
  EXPECT_TRUE(std::filesystem::exists(dir / "a/b/torc.db"));
}

TEST(DatabaseTest, KeepsItsIdAndContents) {
  const support::TempDir dir;
  std::string id;
  {
    const Database database{dir / "torc.db"};
    id = database.server_id();
    auto connection = database.open(Connection::Mode::write);
    create_workflow(connection, named_workflow("kept"));
  }
  const Database again{dir / "torc.db"};
  auto connection = again.open(Connection::Mode::read);
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(again.server_id(), id);
  EXPECT_EQ(get<model::Workflow>(connection, 1).name, "kept");
}

TEST(DatabaseTest, KeepsItsLogFromTheStartToTheEnd) {
  const support::TempDir dir;
  const auto files = [&] {
    const std::filesystem::directory_iterator all{dir / "."};
    return std::distance(begin(all), end(all));
  };
  {
    const Database database{dir / "torc.db"};
    { auto connection = database.open(Connection::Mode::write); }
    EXPECT_TRUE(std::filesystem::exists(dir / "torc.db-wal")) << "the log is reset by the next connection";
    EXPECT_EQ(files(), 4) << "torc.db, its log, the index of the log, torc.db.lock";
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "torc.db-wal"));
}

TEST(DatabaseTest, TwoDatabasesHaveTwoIds) {
  const support::TempDir dir;
  EXPECT_NE(Database{dir / "a.db"}.server_id(), Database{dir / "b.db"}.server_id());
}

TEST(DatabaseTest, IsOpenedByOneServerAtATime) {
  const support::TempDir dir;
  {
    const Database database{dir / "torc.db"};
    EXPECT_NE(failure_of_opening(dir / "torc.db").find("another server already uses the database"), std::string::npos);
    EXPECT_NE(failure_of_opening(dir / "torc.db").find(std::to_string(::getpid())), std::string::npos)
        << "the error must name the holder";
  }
  EXPECT_EQ(failure_of_opening(dir / "torc.db"), "") << "it must be free again";
}

TEST(DatabaseTest, ALinkToItIsTheSameDatabase) {
  const support::TempDir dir;
  std::filesystem::create_symlink("torc.db", dir / "link.db");
  {
    const Database database{dir / "link.db"};  // Created through the link, whose target does not exist yet.
    EXPECT_TRUE(std::filesystem::exists(dir / "torc.db"));
    EXPECT_NE(failure_of_opening(dir / "torc.db").find("another server already uses"), std::string::npos);
  }
  const Database database{dir / "torc.db"};
  EXPECT_NE(failure_of_opening(dir / "link.db").find("another server already uses"), std::string::npos);
}

TEST(DatabaseTest, AFileWithASecondNameIsRefused) {
  const support::TempDir dir;
  { const Database database{dir / "torc.db"}; }
  std::filesystem::create_hard_link(dir / "torc.db", dir / "second.db");
  EXPECT_NE(failure_of_opening(dir / "second.db").find("hard links"), std::string::npos);
  std::filesystem::remove(dir / "second.db");
  EXPECT_EQ(failure_of_opening(dir / "torc.db"), "");
}

TEST(DatabaseTest, ADatabaseOfAnotherProgramIsRefusedAndUnchanged) {
  const support::TempDir dir;
  run_sql(dir / "torc.db", "CREATE TABLE workflow (id INTEGER PRIMARY KEY, name TEXT)");
  EXPECT_NE(failure_of_opening(dir / "torc.db").find("of another program"), std::string::npos);
  run_sql(dir / "torc.db", "INSERT INTO workflow (name) VALUES ('kept')");
}

TEST(DatabaseTest, ANewerDatabaseIsRefusedAndUnchanged) {
  const support::TempDir dir;
  { const Database database{dir / "torc.db"}; }
  run_sql(dir / "torc.db", "PRAGMA user_version = 1000");
  EXPECT_NE(failure_of_opening(dir / "torc.db").find("has version 1000"), std::string::npos);
}

TEST(DatabaseTest, AFileThatIsNotADatabaseIsRefused) {
  const support::TempDir dir;
  base::write_all(base::open_file(dir / "torc.db", O_WRONLY | O_CREAT).get(), std::string(5000, 'x'));
  EXPECT_NE(failure_of_opening(dir / "torc.db").find("torc.db"), std::string::npos);
}

TEST_F(StoreTest, AnIdIsNeverReused) {
  const Id first = job("a");
  remove_job(connection, first);
  EXPECT_GT(job("b"), first);
}

TEST_F(StoreTest, DeletingAWorkflowDeletesAllThatBelongsToIt) {
  const Id a = job("a");
  job("b", {a});
  initialize();
  complete(a);
  add_remote_workers(connection, workflow, {{.worker = "h1"}});
  add_event(connection, workflow, {{"x", 1}});
  node();
  remove<model::Workflow>(connection, workflow);
  EXPECT_FALSE(find<model::Job>(connection, a));
  EXPECT_FALSE(find<model::Result>(connection, 1));
  EXPECT_FALSE(find<model::ComputeNode>(connection, 1));
  EXPECT_FALSE(find<model::ResourceRequirements>(connection, 1));
}

TEST_F(StoreTest, KeepsTheSettingsOfWorkers) {
  add_remote_workers(connection, workflow, {{.worker = "h1", .settings = {{{"cpus", 2}}}}, {.worker = "h2"}});
  add_remote_workers(connection, workflow, {{.worker = "h1"}, {.worker = "h2", .settings = {{{"gpus", 1}}}}});
  const auto workers = remote_workers(connection, workflow);
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers[0].settings, (nlohmann::json{{"cpus", 2}})) << "an address without settings must not change them";
  EXPECT_EQ(workers[1].settings, (nlohmann::json{{"gpus", 1}}));
}

TEST_F(StoreTest, AnUncommittedTransactionLeavesNothing) {
  try {
    const Transaction transaction{connection};
    job("gone");
    throw base::Error("in between");
  } catch (const base::Error&) {
    EXPECT_FALSE(connection.in_transaction());
  }
  EXPECT_TRUE(job_ids(connection, workflow).empty());
  {
    Transaction transaction{connection};
    job("kept");
    transaction.commit();
    EXPECT_FALSE(connection.in_transaction());
  }
  EXPECT_EQ(job_ids(connection, workflow).size(), 1U);
}

TEST_F(StoreTest, ARefusedChangeLeavesNothing) {
  Transaction transaction{connection};
  connection.savepoint();
  model::Job good = job_body("good");
  model::Job bad = job_body("bad");
  bad.input_file_ids = {99};
  EXPECT_THROW(create_jobs(connection, workflow, {good, bad}), Refused);
  connection.rollback_to_savepoint();
  transaction.commit();
  EXPECT_TRUE(job_ids(connection, workflow).empty());
}

TEST_F(StoreTest, ListingsArePagedSortedAndFiltered) {
  for (const char* name : {"b", "c", "a", "b"}) {
    model::File file;
    file.workflow_id = workflow;
    file.name = name;
    file.path = "p";
    insert(connection, file);
  }
  const auto names = [&](const Filter& filter, const Paging& paging) {
    std::string text;
    for (const auto& file : list<model::File>(connection, filter, paging).items) {
      text += file.name + std::to_string(*file.id);
    }
    return text;
  };
  EXPECT_EQ(names({}, {}), "b1c2a3b4");
  EXPECT_EQ(names({}, {.sort_by = "name"}), "a3b1b4c2");
  EXPECT_EQ(names({}, {.sort_by = "name", .reverse = true}), "c2b1b4a3");
  EXPECT_EQ(names({}, {.sort_by = "id; DROP TABLE files"}), "b1c2a3b4");
  EXPECT_EQ(names(Filter{}.equals("name", "b"), {}), "b1b4");
  EXPECT_EQ(names({}, {.offset = 1, .limit = 2}), "c2a3");
  const auto page = list<model::File>(connection, {}, {.offset = 1, .limit = 2});
  EXPECT_EQ(page.total_count, 4);
  EXPECT_TRUE(page.has_more);
  EXPECT_FALSE(list<model::File>(connection, {}, {.offset = 2, .limit = 2}).has_more);
}

}  // namespace torc::store
