#include "support/file_size_limit.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {

TEST_F(StoreTest, AFullDiskIsDistinguishedFromOtherFailuresAndPasses) {
  const auto wal = std::filesystem::file_size(dir / "torc.db-wal");
  {
    const support::FileSizeLimit limit{wal + 10'000};
    try {
      Transaction transaction{connection};
      create_workflow(connection, named_workflow(std::string(1'000'000, 'x')));
      transaction.commit();
      ADD_FAILURE() << "no error";
    } catch (const StorageError& error) {
      EXPECT_TRUE(error.disk_full()) << error.what();
    }
    EXPECT_FALSE(connection.in_transaction());
    EXPECT_EQ(list<model::Workflow>(connection, {}, {}).total_count, 1) << "existing records must be readable";
  }
  Transaction transaction{connection};
  create_workflow(connection, named_workflow("later"));
  transaction.commit();
  EXPECT_EQ(list<model::Workflow>(connection, {}, {}).total_count, 2);
}

TEST(ConnectionTest, AReadOnlyFileIsNotAFullDisk) {
  const support::TempDir dir;
  const Database database{dir / "torc.db"};
  auto reader = database.open(Connection::Mode::read);
  try {
    create_workflow(reader, named_workflow("w"));
    ADD_FAILURE() << "no error";
  } catch (const StorageError& error) {
    EXPECT_FALSE(error.disk_full()) << error.what();
  }
}

}  // namespace torc::store
