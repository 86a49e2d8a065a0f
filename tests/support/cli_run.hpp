#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/cli/command.hpp"

namespace torc::support {

struct CliResult {
  int exit_code{0};
  std::string out{};
  std::string err{};
};

/// Runs the whole program except `main` in this process and captures its output. Standard input is /dev/null from then
/// on, so that commands refuse to prompt.
inline CliResult run_cli(std::vector<std::string> words) {
  const base::Fd nobody = base::open_file("/dev/null", O_RDONLY);
  ::dup2(nobody.get(), STDIN_FILENO);
  ::setenv("TORC_USERNAME", "tester", 1);
  for (const char* name : {"TORC_API_URL", "TORC_PASSWORD", "TORC_COOKIE_HEADER", "RUST_LOG"}) {
    ::unsetenv(name);
  }
  words.insert(words.begin(), "torc");
  std::vector<const char*> argv;
  argv.reserve(words.size());
  for (const auto& word : words) {
    argv.push_back(word.c_str());
  }
  CliResult result;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.exit_code = cli::run(static_cast<int>(argv.size()), argv.data());
  base::log_start(base::LogLevel::warning);  // the next run may set another level
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

}  // namespace torc::support
