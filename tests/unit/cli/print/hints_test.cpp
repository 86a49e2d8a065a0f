// How hints call this program.
#include "cli/print/hints.hpp"

#include <gtest/gtest.h>

namespace torc::cli {
namespace {

std::string program_with(const std::string& database) {
  GlobalOptions options;
  options.standalone = true;
  options.database = database;
  return program_in_hints(options);
}

TEST(Hints, CallTheStandaloneServerOnlyIfThisCommandDid) {
  EXPECT_EQ(program_in_hints({}), "torc");
  EXPECT_EQ(program_with(GlobalOptions{}.database), "torc -s");
}

TEST(Hints, QuoteTheDatabaseWithoutTheQuotesThatSurroundAHint) {
  EXPECT_EQ(program_with("runs/torc.db"), "torc -s --db runs/torc.db");
  EXPECT_EQ(program_with("my runs/$HOME's.db"), "torc -s --db my\\ runs/\\$HOME\\'s.db");
}

}  // namespace
}  // namespace torc::cli
