#include "torc/base/log.hpp"

#include <fcntl.h>

#include <filesystem>
#include <memory>
#include <vector>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

constexpr const char* k_line_pattern = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> make_logger(LogLevel level, const std::string& path) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  if (!path.empty()) {
    sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  }
  auto logger = std::make_shared<spdlog::logger>("torc", sinks.begin(), sinks.end());
  logger->set_pattern(k_line_pattern);
  logger->set_level(to_spdlog(level));
  // Flush each line, so that nothing is lost if the process is killed.
  logger->flush_on(spdlog::level::trace);
  return logger;
}

/// %* in a pattern: the message as a JSON string.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& target) override {
    const nlohmann::json text = std::string{message.payload.data(), message.payload.size()};
    const std::string quoted = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    target.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

std::unique_ptr<spdlog::formatter> json_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<JsonMessage>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","pid":%P,"message":%*})");
  return formatter;
}

/// Creates the file, or removes the access of group and others to it.
void make_private(const std::string& path) {
  open_private_file(path, O_WRONLY | O_CREAT | O_APPEND);
}

/// Rotated logs that an older version of this program left readable for others.
void make_older_private(const std::string& file) {
  for (std::size_t number = 1; number <= k_log_files; ++number) {
    const std::string path = spdlog::sinks::rotating_file_sink_mt::calc_filename(file, number);
    if (std::error_code ignored; std::filesystem::is_regular_file(path, ignored)) {
      open_private_file(path, O_RDONLY);
    }
  }
}

spdlog::sink_ptr make_sink(const LogSettings& settings) {
  if (settings.file.empty()) {
    return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  make_older_private(settings.file);
  spdlog::file_event_handlers handlers;
  handlers.before_open = make_private;
  return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file, k_log_file_bytes, k_log_files, false,
                                                                handlers);
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = make_logger(LogLevel::warning, {});
  return instance;
}

}  // namespace

void log_start(LogLevel level, const std::string& path) {
  try {
    logger() = make_logger(level, path);
  } catch (const spdlog::spdlog_ex& error) {
    throw Error("cannot open the log file " + path + ": " + error.what());
  }
}

void log_start(const LogSettings& settings) {
  try {
    auto started = std::make_shared<spdlog::logger>("torc", make_sink(settings));
    if (settings.json) {
      started->set_formatter(json_formatter());
    } else {
      started->set_pattern(k_line_pattern);
    }
    started->set_level(to_spdlog(settings.level));
    started->flush_on(spdlog::level::trace);
    logger() = std::move(started);
  } catch (const spdlog::spdlog_ex& error) {
    throw Error("cannot log to " + settings.file + ": " + error.what());
  }
}

LogLevel log_level_from(std::string_view word) {
  const std::string lower = to_lower(trim(word));
  if (lower == "trace") {
    return LogLevel::trace;
  }
  if (lower == "debug") {
    return LogLevel::debug;
  }
  if (lower == "warn" || lower == "warning") {
    return LogLevel::warning;
  }
  if (lower == "error") {
    return LogLevel::error;
  }
  if (lower == "off") {
    return LogLevel::off;
  }
  return LogLevel::info;
}

bool log_enabled(LogLevel level) {
  return logger()->should_log(to_spdlog(level));
}

void log_write(LogLevel level, std::string_view message) {
  // Messages may contain untrusted line breaks; an entry must stay on one line.
  const std::string text = replace_all(printable(message), "\n", " | ");
  logger()->log(to_spdlog(level), fmt::string_view(text.data(), text.size()));
}

}  // namespace torc::base
