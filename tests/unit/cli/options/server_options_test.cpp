#include "cli/options/server_options.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "cli/parser/program_name.hpp"
#include "torc/base/error.hpp"

namespace torc::cli {
namespace {

std::vector<std::string> full(const std::vector<const char*>& words) {
  const auto line = full_command_line(static_cast<int>(words.size()), words.data());
  return {line.begin(), line.end()};
}

using Words = std::vector<std::string>;

TEST(ProgramName, TorcServerIsTheServer) {
  EXPECT_EQ(full({"torc-server"}), (Words{"torc", "server", "run"}));
  EXPECT_EQ(full({"/usr/bin/torc-server", "-p", "0"}), (Words{"torc", "server", "run", "-p", "0"}));
  EXPECT_EQ(full({"./torc-server", "run", "-p", "0"}), (Words{"torc", "server", "run", "-p", "0"}));
  EXPECT_EQ(full({"torc-server", "check"}), (Words{"torc", "server", "check"}));
}

TEST(ProgramName, TorcHtpasswdManagesPasswords) {
  EXPECT_EQ(full({"torc-htpasswd"}), (Words{"torc", "htpasswd"}));
  EXPECT_EQ(full({"/usr/bin/torc-htpasswd", "hash", "al"}), (Words{"torc", "htpasswd", "hash", "al"}));
}

TEST(ProgramName, AnyOtherNameIsTorc) {
  EXPECT_EQ(full({"/opt/torc-server/torc", "ping"}), (Words{"/opt/torc-server/torc", "ping"}));
  EXPECT_EQ(full({"torc-servers", "ping"}), (Words{"torc-servers", "ping"}));
}

TEST(DatabasePath, IsAPathOrAnUrl) {
  EXPECT_EQ(database_path("a.db"), "a.db");
  EXPECT_EQ(database_path("sqlite:a.db"), "a.db");
  EXPECT_EQ(database_path("sqlite:/srv/a.db"), "/srv/a.db");
  EXPECT_EQ(database_path("sqlite://a/b.db"), "a/b.db");
  EXPECT_EQ(database_path("sqlite:///srv/a.db?mode=rwc"), "/srv/a.db");
  for (const char* wrong : {"postgres://h/db", "sqlite:", "sqlite://", "sqlite::memory:"}) {
    EXPECT_THROW(database_path(wrong), base::UsageError) << wrong;
  }
}

TEST(DatabasePath, ComesFromTheEnvironmentIfNoneIsGiven) {
  ::setenv("DATABASE_URL", "sqlite:env.db", 1);
  EXPECT_EQ(database_path(""), "env.db");
  EXPECT_EQ(database_path("given.db"), "given.db");
  ::unsetenv("DATABASE_URL");
  EXPECT_EQ(database_path(""), "torc.db");
}

}  // namespace
}  // namespace torc::cli
