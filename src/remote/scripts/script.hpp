#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "torc/base/error.hpp"

namespace torc::remote {

/// Composes a POSIX sh script: assignments of quoted values, fixed text with functions, and a call of the function
/// `main` in the last line. The shell reads the script from its standard input; once `main` runs, the whole script has
/// been read, so that further input is the answer of a dialogue.
///
/// Values must be passed with `set` or `set_exported`, which quote them.
class Script {
 public:
  /// Sets a shell variable. @throws base::Error for an invalid name or a value with a NUL byte
  Script& set(std::string_view name, std::string_view value);
  /// Sets a variable that is exported to the programs that the script starts. @throws base::Error as `set` does
  Script& set_exported(std::string_view name, std::string_view value);
  /// Adds fixed text: functions, including `main`.
  Script& add(std::string_view text);

  std::string text() const;
  /// The same without the call of `main`.
  const std::string& body() const { return m_text; }

 private:
  std::string m_text;
};

/// A value in a worker's report is not valid. The message, one printable line, names the value.
class BadReport : public base::Error {
 public:
  BadReport(std::string_view name, std::string_view value);
};

/// The report of a script: name=value lines between two marks, so that output of login scripts does no harm.
///
/// A worker may report anything. Read values to be shown with `text`, and values to be used with a function that
/// validates them; use `get` only for comparisons.
class Report {
 public:
  /// Returns the last complete report in `output`, if there is one.
  static std::optional<Report> parse(std::string_view output);

  /// The first value of a name, or "".
  std::string get(std::string_view name) const;
  /// The same for messages: printable, on one line, shortened if it is long.
  std::string text(std::string_view name) const;
  /// A decimal integer. @throws BadReport if the value is not an integer from `least` to `most`
  std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// The same; std::nullopt if the value is absent or empty.
  std::optional<std::int64_t> number_if_any(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// A process ID; std::nullopt if the value is absent or empty. @throws BadReport
  std::optional<std::int64_t> pid_if_any(std::string_view name) const;
  /// A finite number from 0 to `most`; std::nullopt if the value is absent or empty. @throws BadReport
  std::optional<double> real_if_any(std::string_view name, double most) const;
  /// An absolute path of at most PATH_MAX bytes, without control characters and "..". @throws BadReport
  std::string path(std::string_view name) const;
  /// The same; "" if the value is absent or empty.
  std::string path_if_any(std::string_view name) const;
  bool has(std::string_view name) const;
  /// All values of a name, in order.
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> m_values;
};

/// Output of a worker for messages: printable, on one line, shortened if it is long.
std::string shown(std::string_view said);

/// The line with which a script asks whether to continue.
inline constexpr const char* k_question = "#torc-question";
/// The answer that lets the script continue; any other answer, or none, ends it.
inline constexpr const char* k_go = "go\n";

}  // namespace torc::remote
