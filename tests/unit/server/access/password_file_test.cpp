#include "torc/server/password_file.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::server {
namespace {

// The hash of "secret", cost 4.
constexpr const char* k_hash = "$2y$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

class PasswordFileTest : public testing::Test {
 protected:
  void write(const std::string& text) { base::write_file_atomically(file, text); }
  std::string error_of(const std::string& text) {
    write(text);
    try {
      read_password_file(file);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }

  support::TempDir dir;
  std::string file{dir / "users"};
};

TEST(PasswordHash, MatchesOnlyItsPassword) {
  const auto hash = hash_password("correct horse", 4);
  EXPECT_EQ(hash.substr(0, 7), "$2y$04$");
  EXPECT_NE(hash, hash_password("correct horse", 4));
  EXPECT_TRUE(password_matches("correct horse", hash));
  EXPECT_FALSE(password_matches("correct horsf", hash));
  EXPECT_FALSE(password_matches("", hash));
  EXPECT_FALSE(password_matches(std::string("correct horse\0x", 15), hash));
}

TEST(PasswordHash, IsAcceptedInAllThreeFormats) {
  // Three prefixes for the same algorithm; these hashes are by other programs.
  const std::string digits = hash_password("secret", 4).substr(4);
  for (const char* kind : {"$2y$", "$2a$", "$2b$"}) {
    EXPECT_TRUE(password_matches("secret", kind + digits)) << kind;
  }
}

TEST(PasswordHash, RejectsPasswordsThatBcryptWouldTruncate) {
  EXPECT_THROW(hash_password("", 4), base::UsageError);
  EXPECT_THROW(hash_password(std::string(73, 'x'), 4), base::UsageError);
  EXPECT_THROW(hash_password(std::string("a\0b", 3), 4), base::UsageError);
  EXPECT_NO_THROW(hash_password(std::string(72, 'x'), 4));
}

TEST_F(PasswordFileTest, CommentsAndEmptyLinesAreIgnored) {
  write(std::string("# staff\n\nalice:") + k_hash + "\r\n   \nb\xc3\xb6rge:" + k_hash);
  const auto users = read_password_file(file);
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users.at("alice"), k_hash);
}

TEST_F(PasswordFileTest, ErrorsNameFileAndLine) {
  const std::string good = std::string("alice:") + k_hash + "\n";
  EXPECT_EQ(error_of(good + "\nbob\n"), file + ":3: expected NAME:HASH");
  EXPECT_NE(error_of(good + "bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n").find(":2: the password's hash is not bcrypt"),
            std::string::npos);
  EXPECT_NE(error_of(good + "bob:$2y$12$short\n").find(":2: the bcrypt hash is damaged"), std::string::npos);
  EXPECT_NE(error_of("bob:$2y$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy").find("cost is 31"),
            std::string::npos);
  EXPECT_NE(error_of(":" + std::string(k_hash)).find(":1: the user name is empty"), std::string::npos);
  EXPECT_NE(error_of("a\tb:" + std::string(k_hash)).find("control character"), std::string::npos);
  EXPECT_NE(error_of("\xff:" + std::string(k_hash)).find("not UTF-8"), std::string::npos);
  EXPECT_NE(error_of(good + good).find(":2: duplicate user 'alice'"), std::string::npos);
}

TEST_F(PasswordFileTest, ErrorsDoNotShowHashes) {
  EXPECT_EQ(error_of("alice:$1$abc$secrethash").find("secrethash"), std::string::npos);
}

TEST_F(PasswordFileTest, ChangesOneLineAndKeepsTheOthers) {
  set_password(file, "alice", "one");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  write("# staff\nalice:one\n\nbob:two\n");
  set_password(file, "alice", "three");
  set_password(file, "carol", "four");
  EXPECT_EQ(base::read_file(file), "# staff\nalice:three\n\nbob:two\ncarol:four\n");
  EXPECT_TRUE(remove_password(file, "bob"));
  EXPECT_FALSE(remove_password(file, "bob"));
  EXPECT_EQ(base::read_file(file), "# staff\nalice:three\n\ncarol:four\n");
}

TEST_F(PasswordFileTest, InvalidNamesAreRejected) {
  for (const char* name : {"", "a:b", "a\nb", "#a", " a", "a ", "\x7f", "\xc3"}) {
    EXPECT_THROW(set_password(file, name, "x"), base::UsageError) << name;
  }
}

}  // namespace
}  // namespace torc::server
