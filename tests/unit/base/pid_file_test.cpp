#include "torc/base/pid_file.hpp"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

std::string refusal(const std::string& path) {
  try {
    const PidFile file{path};
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PidFileTest, HoldsTheProcessIdWhileItLives) {
  const support::TempDir dir;
  {
    const PidFile file{dir / "pid"};
    EXPECT_EQ(read_file(dir / "pid"), std::to_string(::getpid()) + "\n");
    EXPECT_NE(refusal(dir / "pid").find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "pid"));
}

TEST(PidFileTest, TakesOverTheFileOfADeadOwner) {
  const support::TempDir dir;
  write_file_atomically(dir / "pid", "1234567\n");
  const PidFile file{dir / "pid"};
  EXPECT_EQ(read_file(dir / "pid"), std::to_string(::getpid()) + "\n");
}

TEST(PidFileTest, LeavesOtherFilesAlone) {
  const support::TempDir dir;
  write_file_atomically(dir / "notes", "my notes");
  EXPECT_NE(refusal(dir / "notes").find("is not a pid file"), std::string::npos);
  EXPECT_EQ(read_file(dir / "notes"), "my notes");
  EXPECT_NE(refusal(dir / "no/such/pid").find("no/such/pid"), std::string::npos);
}

}  // namespace
}  // namespace torc::base
