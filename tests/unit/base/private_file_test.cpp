#include "torc/base/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

/// Sets the umask for one test.
class Umask {
 public:
  explicit Umask(mode_t mask) : m_before(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(m_before); }

 private:
  mode_t m_before;
};

template <typename Work>
std::string failure_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PrivateFileTest, HasItsModeRegardlessOfTheUmask) {
  const support::TempDir dir;
  for (const mode_t mask : {0000U, 0022U, 0277U, 0777U}) {
    const Umask umask{mask};
    const auto path = dir / std::to_string(mask);
    write_all(open_private_file(path, O_WRONLY | O_CREAT).get(), "x");
    EXPECT_EQ(mode_of(path), 0600U) << mask;
    make_private_directories(dir / ("a" + std::to_string(mask)) / "b");
    EXPECT_EQ(mode_of(dir / ("a" + std::to_string(mask))), 0700U) << mask;
    EXPECT_EQ(mode_of(dir / ("a" + std::to_string(mask)) / "b"), 0700U) << mask;
  }
}

TEST(PrivateFileTest, RemovesAccessOfOthersToAnExistingFile) {
  const support::TempDir dir;
  write_file_atomically(dir / "old", "kept");
  ::chmod((dir / "old").c_str(), 0664);
  open_private_file(dir / "old", O_RDWR | O_CREAT);
  EXPECT_EQ(mode_of(dir / "old"), 0600U);
  EXPECT_EQ(read_file(dir / "old"), "kept");
  ::chmod((dir / "old").c_str(), 0400);
  open_private_file(dir / "old", O_RDONLY);
  EXPECT_EQ(mode_of(dir / "old"), 0400U) << "it must not add permissions";
}

TEST(PrivateFileTest, RefusesLinksAndFifosWithoutBlocking) {
  const support::TempDir dir;
  write_file_atomically(dir / "target", "kept");
  std::filesystem::create_symlink("target", dir / "link");
  EXPECT_NE(failure_of([&] { open_private_file(dir / "link", O_WRONLY | O_CREAT); }).find("is a link"),
            std::string::npos);
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_NE(failure_of([&] { open_private_file(dir / "fifo", O_WRONLY | O_CREAT); }), "");
  EXPECT_NE(failure_of([&] { open_private_file(dir / "fifo", O_RDWR | O_CREAT); }).find("not a regular file"),
            std::string::npos);
  EXPECT_EQ(read_file(dir / "target"), "kept");
}

TEST(OpenBelowTest, ReplacesAnExistingFile) {
  const support::TempDir dir;
  write_file_atomically(dir / "precious", "kept");
  std::filesystem::create_directory(dir / "out");
  std::filesystem::create_symlink(dir / "precious", dir / "out/link.o");
  std::filesystem::create_hard_link(dir / "precious", dir / "out/hard.o");
  ASSERT_EQ(::mkfifo((dir / "out/fifo.o").c_str(), 0600), 0);
  for (const char* name : {"link.o", "hard.o", "fifo.o", "new.o"}) {
    write_all(open_below(dir.path(), std::filesystem::path("out") / name, O_WRONLY | O_CREAT | O_TRUNC).get(), name);
    EXPECT_EQ(read_file(dir / "out" / name), name);
  }
  EXPECT_EQ(read_file(dir / "precious"), "kept");
}

TEST(OpenBelowTest, FollowsLinksOfThisUserOnly) {
  const support::TempDir dir;
  std::filesystem::create_directory(dir / "elsewhere");
  std::filesystem::create_directory_symlink("elsewhere", dir / "out");
  write_all(open_below(dir.path(), "out/a", O_WRONLY | O_CREAT | O_APPEND).get(), "1");
  write_all(open_below(dir.path(), "out/a", O_WRONLY | O_CREAT | O_APPEND).get(), "2");
  EXPECT_EQ(read_file(dir / "elsewhere/a"), "12");
  std::filesystem::create_symlink("a", dir / "elsewhere/own");
  write_all(open_below(dir.path(), "out/own", O_WRONLY | O_APPEND).get(), "3");
  EXPECT_EQ(read_file(dir / "elsewhere/a"), "123");
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can create links of other users";
  }
  constexpr uid_t k_other = 12345;
  ASSERT_EQ(::lchown((dir / "out").c_str(), k_other, k_other), 0);
  const auto planted = failure_of([&] { open_below(dir.path(), "out/b", O_WRONLY | O_CREAT | O_TRUNC); });
  EXPECT_NE(planted.find("is a link of uid 12345"), std::string::npos) << planted;
  ASSERT_EQ(::lchown((dir / "elsewhere/own").c_str(), k_other, k_other), 0);
  EXPECT_NE(failure_of([&] { open_below(dir / "elsewhere", "own", O_WRONLY | O_APPEND); }), "");
  EXPECT_EQ(read_file(dir / "elsewhere/a"), "123");
}

TEST(OpenBelowTest, RefusesHardLinksInASharedDirectory) {
  const support::TempDir dir;
  write_file_atomically(dir / "precious", "kept");
  std::filesystem::create_directory(dir / "out");
  std::filesystem::create_hard_link(dir / "precious", dir / "out/log");
  const auto append = [&] { write_all(open_below(dir / "out", "log", O_WRONLY | O_APPEND).get(), "+"); };
  EXPECT_EQ(failure_of(append), "") << "no other user can create links there";
  ::chmod((dir / "out").c_str(), 0777);
  EXPECT_NE(failure_of(append).find("hard links"), std::string::npos);
  EXPECT_EQ(read_file(dir / "precious"), "kept+");
}

}  // namespace
}  // namespace torc::base
