#include "store/maintenance/database_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/store/connection.hpp"

namespace torc::store {
namespace {

constexpr uid_t k_other = 12345;

/// A directory like /tmp, in which another user puts files beside this user's database.
class DatabaseFileTest : public testing::Test {
 protected:
  DatabaseFileTest() {
    std::filesystem::create_directory(dir / "shared");
    ::chmod((dir / "shared").c_str(), 01777);
  }

  void plant(const std::string& suffix) const {
    base::write_file_atomically(path + suffix, "planted");
    ASSERT_EQ(::chown((path + suffix).c_str(), k_other, k_other), 0);
  }

  support::TempDir dir;
  std::string path = dir / "shared/torc.db";
};

TEST_F(DatabaseFileTest, RefusesALogThatWasPlantedAfterTheLocksWereTaken) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can change owners";
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    for (const auto owner : {base::Owner::user_or_root, base::Owner::anybody}) {
      DatabaseFile file{path, owner};
      plant(suffix);
      std::string message;
      try {
        file.remember_log_files();
      } catch (const base::Error& error) {
        message = error.what();
      }
      const bool is_refused = message.find(path + suffix + " belongs to uid 12345") != std::string::npos;
      EXPECT_EQ(is_refused, owner == base::Owner::user_or_root) << message;
      std::filesystem::remove(path + suffix);
    }
  }
}

TEST_F(DatabaseFileTest, OccupiesTheNameOfTheJournalUntilAConnectionIsOpen) {
  { const Database database{path}; }
  EXPECT_FALSE(std::filesystem::exists(path + "-journal"));
  {
    DatabaseFile file{path, base::Owner::user_or_root};
    EXPECT_TRUE(std::filesystem::exists(path + "-journal")) << "other users must not be able to create it";
    Connection connection{path, Connection::Mode::write};
    Transaction{connection}.commit();
    EXPECT_TRUE(std::filesystem::exists(path + "-journal"));
    file.remember_log_files();
    EXPECT_FALSE(std::filesystem::exists(path + "-journal"));
  }
  { const DatabaseFile file{path, base::Owner::user_or_root}; }
  EXPECT_FALSE(std::filesystem::exists(path + "-journal")) << "a failed start must leave no file";
  std::filesystem::create_directory(dir / "own");
  ::chmod((dir / "own").c_str(), 0700);
  const DatabaseFile file{dir / "own/torc.db", base::Owner::user_or_root};
  EXPECT_FALSE(std::filesystem::exists(dir / "own/torc.db-journal"));
}

}  // namespace
}  // namespace torc::store
