#include "torc/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"

namespace torc::base {
namespace {

using support::TempDir;

std::size_t count_entries(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

TEST(ReadFile, ReturnsTheBytes) {
  const TempDir dir;
  const std::string bytes("a\0\xff\r\n", 5);
  write_file_atomically(dir / "f", bytes);
  EXPECT_EQ(read_file(dir / "f"), bytes);
}

TEST(ReadFile, NamesAFileThatItCannotRead) {
  const TempDir dir;
  for (const auto& [path, reason] : {std::pair{dir / "missing", ENOENT}, std::pair{dir.path(), EISDIR}}) {
    try {
      read_file(path);
      ADD_FAILURE() << path << ": no error";
    } catch (const SystemError& error) {
      EXPECT_EQ(error.error_number(), reason);
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    }
  }
}

TEST(WriteFileAtomically, ReplacesAndLeavesNothingElse) {
  const TempDir dir;
  write_file_atomically(dir / "f", "first, longer");
  write_file_atomically(dir / "f", "second", 0600);
  EXPECT_EQ(read_file(dir / "f"), "second");
  EXPECT_EQ(count_entries(dir.path()), 1u);
  struct stat status {};
  ASSERT_EQ(::stat((dir / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(WriteFileAtomically, LeavesTheOldFileWhenItFails) {
  const TempDir dir;
  EXPECT_THROW(write_file_atomically(dir / "no" / "such" / "f", "x"), SystemError);
  // A file cannot replace a directory, so the rename fails after the content has been written.
  std::filesystem::create_directory(dir / "d");
  try {
    write_file_atomically(dir / "d", "x");
    ADD_FAILURE() << "no error";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find((dir / "d").string()), std::string::npos) << error.what();
  }
  EXPECT_EQ(count_entries(dir.path()), 1u) << "the temporary file is still there";
}

TEST(WriteFileAtomically, ShowsAReaderTheOldOrTheNewFile) {
  const TempDir dir;
  const std::string old_content(200'000, 'o');
  const std::string new_content(200'000, 'n');
  write_file_atomically(dir / "f", old_content);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 30; ++i) {
      write_file_atomically(dir / "f", i % 2 == 0 ? new_content : old_content);
    }
    done = true;
  });
  while (!done) {
    const std::string seen = read_file(dir / "f");
    EXPECT_TRUE(seen == old_content || seen == new_content) << seen.size() << " bytes";
  }
  writer.join();
}

TEST(OpenFile, IsNotInheritedByOtherPrograms) {
  const TempDir dir;
  const Fd fd = open_file(dir / "f", O_WRONLY | O_CREAT);
  EXPECT_TRUE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
}

class Environment : public ::testing::Test {
 protected:
  void SetUp() override { m_home = env_or("HOME"); }
  void TearDown() override { ::setenv("HOME", m_home.c_str(), 1); }

 private:
  std::string m_home;
};

TEST(RealPath, FollowsLinksWithoutAnExistingTarget) {
  const TempDir dir;
  const auto here = std::filesystem::canonical(dir.path());
  std::filesystem::create_symlink("second", dir / "first");
  std::filesystem::create_symlink("file", dir / "second");
  EXPECT_EQ(real_path(dir / "first"), here / "file");
  write_file_atomically(dir / "file", "");
  EXPECT_EQ(real_path(dir / "first"), here / "file");
  std::filesystem::create_symlink("loop", dir / "loop");
  EXPECT_EQ(real_path(dir / "loop").filename(), "loop");
}

TEST_F(Environment, HomeIsTheVariableOrTheAccountsDirectory) {
  ::setenv("HOME", "/somewhere", 1);
  EXPECT_EQ(home_directory(), "/somewhere");
  ::unsetenv("HOME");
  EXPECT_TRUE(home_directory().is_absolute());
}

TEST_F(Environment, AnEmptyVariableCountsAsUnset) {
  ::setenv("HOME", "", 1);
  EXPECT_EQ(env_or("HOME", "fallback"), "fallback");
  EXPECT_TRUE(home_directory().is_absolute());
}

}  // namespace
}  // namespace torc::base
