#include "torc/base/users.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

/// An ID that no /etc/passwd should have.
constexpr uid_t k_unlisted = 1'987'654'321;

TEST(FindUser, FindsThoseOfEtcPasswd) {
  const auto root = find_user(0);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "root");
}

TEST(FindUser, AsksGetentAboutTheOthers) {
  EXPECT_FALSE(find_user(k_unlisted));
  const support::TempDir directory;
  const auto program = directory.path() / "getent";
  write_file_atomically(
      program, "#!/bin/sh\n[ \"$*\" = 'passwd 1987654321' ] && echo 'ada:*:1987654321:100:A. L.:/home/ada:/bin/sh'\n",
      0755);
  const std::string path = env_or("PATH");
  ::setenv("PATH", (directory.path().string() + ":" + path).c_str(), 1);
  const auto found = find_user(k_unlisted);
  const auto other = find_user(k_unlisted + 1);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "ada");
  EXPECT_EQ(found->home, "/home/ada");
  EXPECT_FALSE(other);
}

}  // namespace
}  // namespace torc::base
