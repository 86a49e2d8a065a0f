#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace torc::base {

enum class LogLevel { trace, debug, info, warning, error, off };

/// Starts logging to standard error, and also to `path` if it is not empty. Call this once, before threads start; until
/// then, only warnings and errors are shown.
/// @throws Error if `path` cannot be opened
void log_start(LogLevel level, const std::string& path = {});

/// Parses "trace", "debug", "info", "warn", "warning", "error" or "off" (the words of RUST_LOG). Unknown words count as
/// info.
LogLevel log_level_from(std::string_view word);

/// How a long-running program keeps its log.
struct LogSettings {
  LogLevel level{LogLevel::info};
  std::string file{};  ///< Path, "DIRECTORY/NAME.log"; a missing directory is created. Empty: standard error.
  bool json{false};    ///< One JSON object per line: time, level, pid, message.
};

/// When NAME.log reaches k_log_file_bytes, it is renamed to NAME.1.log, the previous one to NAME.2.log, and so on; at
/// most k_log_files rotated files are kept.
inline constexpr std::size_t k_log_file_bytes = 10UL * 1024 * 1024;
inline constexpr std::size_t k_log_files = 5;

/// Starts logging with these settings. Call this before threads start. The files have the mode 0600 regardless of the
/// umask, because they show who requested what.
/// @throws Error if the file cannot be opened
void log_start(const LogSettings& settings);

bool log_enabled(LogLevel level);

/// Writes one line. Never pass passwords, tokens or environments.
void log_write(LogLevel level, std::string_view message);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::debug)) {
    log_write(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::info)) {
    log_write(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::warning)) {
    log_write(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::error)) {
    log_write(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace torc::base
