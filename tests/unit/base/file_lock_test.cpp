#include "torc/base/file_lock.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

TEST(FileLock, ExcludesOthersAndNamesItsHolder) {
  const support::TempDir directory;
  const auto path = directory / "lock";
  {
    const Fd held = lock_file(path);
    ASSERT_TRUE(held);
    EXPECT_FALSE(lock_file(path));
    EXPECT_EQ(lock_holder(path), own_name());
  }
  EXPECT_TRUE(lock_file(path));
}

TEST(FileLock, IsAwaitedUntilTheTimeoutHasPassed) {
  const support::TempDir directory;
  const auto path = directory / "lock";
  Fd held = lock_file(path);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(lock_file(path, std::chrono::milliseconds(200)));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(200));
  std::jthread other([&] { held.reset(); });
  EXPECT_TRUE(lock_file(path, std::chrono::seconds(30)));
}

TEST(FileLock, IsReadableByItsOwnerOnly) {
  const support::TempDir directory;
  const auto before = ::umask(0);
  const Fd made = lock_file(directory / "new");
  std::ofstream(directory / "old") << "x";
  const Fd old = lock_file(directory / "old");
  ::umask(before);
  for (const char* name : {"new", "old"}) {
    struct stat status {};
    ASSERT_EQ(::stat((directory / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << name;
  }
}

TEST(FileLock, HasAnUnknownHolderIfTheFileNamesNone) {
  const support::TempDir directory;
  EXPECT_EQ(lock_holder(directory / "none"), "an unknown process");
  std::ofstream(directory / "odd") << "process 1\x1b[2J on x\n";
  EXPECT_EQ(lock_holder(directory / "odd").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace torc::base
