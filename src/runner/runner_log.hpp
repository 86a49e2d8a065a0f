#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "torc/base/fd.hpp"
#include "torc/base/log.hpp"

namespace torc::runner {

struct RunnerOptions;

/// The part of file names that distinguishes runners sharing an output directory.
std::string runner_key(const RunnerOptions& options);
/// The log file of a runner that starts in run `run_id` of its workflow.
std::filesystem::path runner_log_path(const RunnerOptions& options, const std::filesystem::path& directory,
                                      std::int64_t run_id);

/// The log file of one runner. Every entry also goes to the program's log. Each line is written immediately, with one
/// append. If the disk is full, lines are lost, but jobs are not affected.
class RunnerLog {
 public:
  /// Appends to `path`. @throws SystemError
  explicit RunnerLog(const std::filesystem::path& path);

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write(base::LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(base::LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write(base::LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  void write(base::LogLevel level, std::string_view message);

  base::Fd m_file;
};

}  // namespace torc::runner
