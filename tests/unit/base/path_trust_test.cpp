#include "torc/base/path_trust.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

constexpr uid_t k_other = 12345;

void give_away(const std::filesystem::path& path) {
  ASSERT_EQ(::lchown(path.c_str(), k_other, k_other), 0);
}

std::string refusal(const std::filesystem::path& path, PathKind kind, Owner owner = Owner::user_or_root) {
  try {
    require_trusted_path(path, kind, owner, "database");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PathTrustTest, FindsNoProblemInAnOwnDirectory) {
  const support::TempDir dir;
  write_file_atomically(dir / "torc.db", "");
  const auto review = review_path(dir / "torc.db", PathKind::file);
  EXPECT_TRUE(review.foreign.empty());
  EXPECT_TRUE(review.open_to_all.empty());
  EXPECT_TRUE(review.warnings.empty());
  EXPECT_EQ(refusal(dir / "not/there/torc.db", PathKind::file), "") << "missing directories will be created";
}

TEST(PathTrustTest, RefusesAWorldWritableDirectoryUnlessSticky) {
  const support::TempDir dir;
  std::filesystem::create_directories(dir / "open/mine");
  ::chmod((dir / "open").c_str(), 0777);
  for (const char* name : {"open/torc.db", "open/mine/torc.db", "open/not/there/torc.db"}) {
    const auto message = refusal(dir / name, PathKind::file, Owner::anybody);
    EXPECT_NE(message.find("open is writable by everybody and has no sticky bit"), std::string::npos) << message;
  }
  EXPECT_NE(refusal(dir / "open", PathKind::directory), "");
  ::chmod((dir / "open").c_str(), 01777);
  EXPECT_EQ(refusal(dir / "open/torc.db", PathKind::file), "");
}

TEST(PathTrustTest, WarnsAboutGroupWritableDirectories) {
  const support::TempDir dir;
  std::filesystem::create_directories(dir / "group/mine");
  ::chmod((dir / "group").c_str(), 0775);
  const auto review = review_path(dir / "group/mine/torc.db", PathKind::file);
  EXPECT_TRUE(review.foreign.empty() && review.open_to_all.empty());
  ASSERT_EQ(review.warnings.size(), 1U);
  EXPECT_NE(review.warnings.front().find("group is writable by its group"), std::string::npos);
  EXPECT_EQ(refusal(dir / "group/mine/torc.db", PathKind::file), "");
}

TEST(PathTrustTest, RefusesPathsOfAnotherUserUnlessTrusted) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can change owners";
  }
  const support::TempDir dir;
  std::filesystem::create_directories(dir / "theirs/mine");
  write_file_atomically(dir / "torc.db", "");
  std::filesystem::create_symlink("torc.db", dir / "link.db");
  std::filesystem::create_directory_symlink(".", dir / "link");
  for (const char* name : {"theirs", "torc.db", "link.db", "link"}) {
    give_away(dir / name);
  }
  EXPECT_NE(refusal(dir / "torc.db", PathKind::file).find("torc.db belongs to uid 12345"), std::string::npos);
  EXPECT_NE(refusal(dir / "theirs", PathKind::directory).find("theirs belongs to uid 12345"), std::string::npos);
  EXPECT_NE(refusal(dir / "theirs/torc.db", PathKind::file).find("theirs belongs to uid 12345"), std::string::npos);
  EXPECT_EQ(refusal(dir / "theirs/x", PathKind::directory), "") << "the directory does not exist yet";
  EXPECT_NE(refusal(dir / "link.db", PathKind::file).find("the link "), std::string::npos);
  EXPECT_NE(refusal(dir / "link/other.db", PathKind::file).find("the link "), std::string::npos);
  EXPECT_EQ(refusal(dir / "torc.db", PathKind::file, Owner::anybody), "");
  // Further up in the path it only causes a warning, because the user chose the place.
  EXPECT_EQ(refusal(dir / "theirs/mine/torc.db", PathKind::file), "");
  EXPECT_FALSE(review_path(dir / "theirs/mine/torc.db", PathKind::file).warnings.empty());
}

/// In a user namespace, /tmp, which belongs to the machine's root, may have the owner 65534.
TEST(PathTrustTest, AStickyDirectoryOfAnotherUserIsTreatedLikeAnyOther) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can change owners";
  }
  const support::TempDir dir;
  std::filesystem::create_directories(dir / "tmp/mine");
  give_away(dir / "tmp");
  ::chmod((dir / "tmp").c_str(), 01777);
  EXPECT_EQ(refusal(dir / "tmp/mine/torc.db", PathKind::file), "");
  const auto warnings = review_path(dir / "tmp/mine/torc.db", PathKind::file).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings.front().find("tmp belongs to uid 12345"), std::string::npos) << warnings.front();
  EXPECT_NE(refusal(dir / "tmp/torc.db", PathKind::file).find("--trust-owner"), std::string::npos);
  EXPECT_EQ(refusal(dir / "tmp/torc.db", PathKind::file, Owner::anybody), "");
  ::chmod((dir / "tmp").c_str(), 0777);
  EXPECT_NE(refusal(dir / "tmp/mine/torc.db", PathKind::file, Owner::anybody), "") << "without a sticky bit";
}

TEST(PathTrustTest, RefusesCircularLinks) {
  const support::TempDir dir;
  std::filesystem::create_symlink("b", dir / "a");
  std::filesystem::create_symlink("a", dir / "b");
  EXPECT_NE(refusal(dir / "a/torc.db", PathKind::file), "");
}

}  // namespace
}  // namespace torc::base
