#include "torc/base/error.hpp"

#include <gtest/gtest.h>

namespace torc::base {
namespace {

TEST(Error, GetsContext) {
  Error error("connection refused");
  error.add_context("ws1");
  error.add_context("remote run");
  EXPECT_STREQ(error.what(), "remote run: ws1: connection refused");
}

TEST(Error, CarriesTheExitStatus) {
  EXPECT_EQ(Error("it failed").exit_code(), 1);
  EXPECT_EQ(UsageError("give an id").exit_code(), 2);
  EXPECT_EQ(ApiError(409, "Conflict", "stale").exit_code(), 1);
}

TEST(SystemError, EndsWithTheReason) {
  const SystemError error("cannot open x", ENOENT);
  EXPECT_STREQ(error.what(), "cannot open x: No such file or directory");
  EXPECT_EQ(error.error_number(), ENOENT);
}

TEST(ApiError, DistinguishesNoAnswerFromARefusal) {
  EXPECT_TRUE(ApiError(0, "", "connection refused").unreachable());
  EXPECT_FALSE(ApiError(404, "NotFound", "no such job").unreachable());
}

}  // namespace
}  // namespace torc::base
