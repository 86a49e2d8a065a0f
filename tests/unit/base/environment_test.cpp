#include "torc/base/environment.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "torc/base/file.hpp"

namespace torc::base {
namespace {

/// Set in the child. The test needs a child because the kernel shows only variables from the start of a program.
constexpr const char* k_in_child = "TORC_TEST_ERASES_A_VARIABLE";

TEST(EraseVariable, RemovesTheValueFromMemory) {
  if (std::getenv(k_in_child) != nullptr) {
    ASSERT_NE(read_file("/proc/self/environ").find("SECRET_WORD=open-sesame"), std::string::npos);
    erase_variable("SECRET_WORD");
    const std::string now = read_file("/proc/self/environ");
    EXPECT_EQ(now.find("open-sesame"), std::string::npos);
    EXPECT_NE(now.find("SECRET_WORD_OF_OTHERS=stays"), std::string::npos);
    EXPECT_EQ(std::getenv("SECRET_WORD"), nullptr);
    EXPECT_STREQ(std::getenv("SECRET_WORD_OF_OTHERS"), "stays");
    erase_variable("SECRET_WORD");
    return;
  }
  std::string filter = "--gtest_filter=EraseVariable.*";
  std::string program = "/proc/self/exe";
  std::array<char*, 3> argv{program.data(), filter.data(), nullptr};
  std::string secret = "SECRET_WORD=open-sesame";
  std::string other = "SECRET_WORD_OF_OTHERS=stays";
  std::string mark = std::string(k_in_child) + "=1";
  std::array<char*, 4> env{secret.data(), other.data(), mark.data(), nullptr};
  const pid_t child = ::fork();
  if (child == 0) {
    ::execve(program.c_str(), argv.data(), env.data());
    ::_exit(99);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace torc::base
