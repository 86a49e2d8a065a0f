#include <signal.h>
#include <sys/resource.h>

#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

/// No file may grow past `bytes` while it lives. A write past it is an I/O error for SQLite (EFBIG), as is one past a
/// quota; only ENOSPC it knows by itself.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : m_handler(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &m_before);
    const rlimit limit{bytes, m_before.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &m_before);
    ::signal(SIGXFSZ, m_handler);
  }

 private:
  sighandler_t m_handler;
  rlimit m_before{};
};

}  // namespace

TEST_F(StoreTest, NoRoomIsToldFromOtherFailuresAndPasses) {
  const auto wal = std::filesystem::file_size(dir / "torc.db-wal");
  {
    const FileSizeLimit limit{wal + 10'000};
    try {
      connection.begin();
      create_workflow(connection, named_workflow(std::string(1'000'000, 'x')));
      connection.commit();
      ADD_FAILURE() << "no error";
    } catch (const StorageError& error) {
      EXPECT_TRUE(error.disk_full()) << error.what();
    }
    connection.rollback();
    EXPECT_FALSE(connection.in_transaction());
    EXPECT_EQ(list<model::Workflow>(connection, {}, {}).total_count, 1) << "what was there can be read";
  }
  connection.begin();
  create_workflow(connection, named_workflow("later"));
  connection.commit();
  EXPECT_EQ(list<model::Workflow>(connection, {}, {}).total_count, 2);
}

TEST(ConnectionTest, AFileThatMayNotBeWrittenIsNoFullDisk) {
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
