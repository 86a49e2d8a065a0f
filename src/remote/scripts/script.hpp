#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "torc/base/error.hpp"

namespace torc::remote {

/// Composes one POSIX sh script: assignments of quoted values, fixed text with functions, and a call of the function
/// `main` in the last line. Since the shell reads the script from its standard input, nothing of it is left to be read
/// once `main` runs: what comes then is the answer of a dialogue.
///
/// Values get into a script by `set` alone, which quotes them.
class Script {
 public:
  /// A shell variable. @throws base::Error for a value with a NUL byte
  Script& set(std::string_view name, std::string_view value);
  /// A variable for the programs that the script starts as well. A name that is none is an error.
  Script& set_exported(std::string_view name, std::string_view value);
  /// Fixed text: functions, `main` among them.
  Script& add(std::string_view text);

  std::string text() const;
  /// The same without the call of `main`.
  const std::string& body() const { return m_text; }

 private:
  std::string m_text;
};

/// What a worker reports is not what it has to be. The message, one printable line, names the value.
class BadReport : public base::Error {
 public:
  BadReport(std::string_view name, std::string_view value);
};

/// What a script reports: name=value lines between two marks, so that what login scripts print does no harm.
///
/// A worker may say anything. What is shown is taken through `text`, what is used through a function that checks
/// it; `get` is for comparisons.
class Report {
 public:
  /// Nothing where `output` holds no whole report; the last one counts.
  static std::optional<Report> parse(std::string_view output);

  /// The first value of a name, or "".
  std::string get(std::string_view name) const;
  /// The same to be shown: printable, on one line, cut where it is long.
  std::string text(std::string_view name) const;
  /// A whole number, decimal. @throws BadReport where it is none, or not from `least` to `most`
  std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// The same; nothing where the value is absent or empty.
  std::optional<std::int64_t> number_if_any(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// The id of a process; nothing where the value is absent or empty. @throws BadReport
  std::optional<std::int64_t> pid_if_any(std::string_view name) const;
  /// A finite number from 0 to `most`; nothing where the value is absent or empty. @throws BadReport
  std::optional<double> real_if_any(std::string_view name, double most) const;
  /// An absolute path: no longer than Linux takes it (PATH_MAX), without control characters and "..". @throws BadReport
  std::string path(std::string_view name) const;
  /// The same; "" where the value is absent or empty.
  std::string path_if_any(std::string_view name) const;
  bool has(std::string_view name) const;
  /// All values of a name, in order.
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> m_values;
};

/// What a worker said, to be shown: printable, on one line, cut where it is long.
std::string shown(std::string_view said);

/// The line with which a script asks whether to go on.
inline constexpr const char* k_question = "#torc-question";
/// The answer that lets it go on; anything else, or no answer, ends it.
inline constexpr const char* k_go = "go\n";

}  // namespace torc::remote
