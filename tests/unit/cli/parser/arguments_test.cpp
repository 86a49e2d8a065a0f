#include "torc/cli/arguments.hpp"

#include <gtest/gtest.h>

namespace torc::cli {
namespace {

TEST(Arguments, SecretsAreErasedFromTheArgumentList) {
  std::vector<std::string> given{"torc",     "--password=one", "ping", "--password", "two",        "--cookie-header",
                                 "a=b; c=d", "--url",          "x",    "--",         "--password", "three"};
  std::vector<char*> argv;
  for (auto& word : given) {
    argv.push_back(word.data());
  }
  const auto words = take_arguments(static_cast<int>(argv.size()), argv.data());
  EXPECT_EQ(words[1], "--password=one");
  EXPECT_EQ(words[4], "two");
  EXPECT_EQ(words[6], "a=b; c=d");
  const std::vector<std::string> left{
      "torc",     "--password=***", "ping", "--password", "***",        "--cookie-header",
      "********", "--url",          "x",    "--",         "--password", "three"};
  EXPECT_EQ(given, left);
}

TEST(Arguments, TheLoginOfAUrlIsASecretToo) {
  std::vector<std::string> given{"torc",
                                 "--url",
                                 "http://me:pa@ss@host:8/torc-service/v1?a=b@c",
                                 "--url=https://me@host",
                                 "http://host/a@b",
                                 "me:pass@host"};
  std::vector<char*> argv;
  for (auto& word : given) {
    argv.push_back(word.data());
  }
  EXPECT_EQ(take_arguments(static_cast<int>(argv.size()), argv.data())[3], "--url=https://me@host");
  EXPECT_EQ(given, (std::vector<std::string>{"torc", "--url", "http://********@host:8/torc-service/v1?a=b@c",
                                             "--url=https://**@host", "http://host/a@b", "me:pass@host"}));
}

/// The command line that other users see.
std::vector<std::string> shown(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (auto& word : words) {
    argv.push_back(word.data());
  }
  take_arguments(static_cast<int>(argv.size()), argv.data());
  return words;
}

TEST(Arguments, TheShortNameOfHtpasswdsPasswordIsASecretToo) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(shown({"torc", "htpasswd", "add", "-p", "word", "--server-password", "own", "-f", "users", "al"}),
            (Words{"torc", "htpasswd", "add", "-p", "****", "--server-password", "***", "-f", "users", "al"}));
  EXPECT_EQ(shown({"/bin/torc-htpasswd", "verify", "-pword", "--server-password=own", "al"}),
            (Words{"/bin/torc-htpasswd", "verify", "-p****", "--server-password=***", "al"}));
  EXPECT_EQ(shown({"torc", "run", "-p", "5", "1"}), (Words{"torc", "run", "-p", "5", "1"}));
}

TEST(Arguments, AnOptionWithoutItsValueIsHarmless) {
  std::string program = "torc";
  std::string option = "--password";
  char* argv[] = {program.data(), option.data()};
  EXPECT_EQ(take_arguments(2, argv).size(), 2U);
}

}  // namespace
}  // namespace torc::cli
