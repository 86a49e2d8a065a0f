#include "remote/scripts/script.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "torc/base/printable.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

// The shell functions `report_begin` and `report_end` print the same marks.
constexpr std::string_view k_begin = "#torc-report";
constexpr std::string_view k_end = "#torc-report-end";

constexpr std::size_t k_max_shown = 300;
/// PATH_MAX without the terminating NUL (limits.h).
constexpr std::size_t k_longest_path = 4'095;
/// The kernel's upper limit (PID_MAX_LIMIT, proc(5)).
constexpr std::int64_t k_largest_pid = 1LL << 22U;

bool is_path(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  const auto parts = base::split(text, '/');
  return text.starts_with('/') && text.size() <= k_longest_path && std::none_of(text.begin(), text.end(), is_control) &&
         std::find(parts.begin(), parts.end(), "..") == parts.end();
}

bool is_variable_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), is_word);
}

}  // namespace

Script& Script::set(std::string_view name, std::string_view value) {
  if (!is_variable_name(name)) {
    throw base::Error("'" + base::printable(name) + "' is not a valid name of a shell variable");
  }
  m_text += name;
  m_text += '=';
  m_text += base::shell_quote(value);
  m_text += '\n';
  return *this;
}

Script& Script::set_exported(std::string_view name, std::string_view value) {
  set(name, value);
  m_text += "export ";
  m_text += name;
  m_text += '\n';
  return *this;
}

Script& Script::add(std::string_view text) {
  m_text += text;
  return *this;
}

std::string Script::text() const {
  return m_text + "main; exit\n";
}

BadReport::BadReport(std::string_view name, std::string_view value)
    : base::Error(fmt::format("the worker's report is not valid: {} is '{}'", name, shown(value))) {}

std::string shown(std::string_view said) {
  // Cut bytes first, so that megabytes are not made printable to show a single line.
  const std::string text = base::printable_line(said.substr(0, 4 * k_max_shown));
  const auto cut = base::cut_to_columns(text, k_max_shown);
  return cut.size() == text.size() && said.size() <= 4 * k_max_shown ? text : std::string(cut) + "...";
}

std::optional<Report> Report::parse(std::string_view output) {
  std::optional<Report> last;
  std::optional<Report> open;
  for (const auto& line : base::split_lines(output)) {
    if (line == k_begin) {
      open.emplace();
    } else if (line == k_end) {
      if (open) {
        last = std::move(open);
        open.reset();
      }
    } else if (open) {
      if (const auto equals = line.find('='); equals != std::string::npos) {
        open->m_values.emplace_back(line.substr(0, equals), line.substr(equals + 1));
      }
    }
  }
  return last;
}

std::string Report::get(std::string_view name) const {
  for (const auto& [key, value] : m_values) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

std::string Report::text(std::string_view name) const {
  return shown(get(name));
}

std::int64_t Report::number(std::string_view name, std::int64_t least, std::int64_t most) const {
  const auto value = base::parse_int(get(name));
  if (!value || *value < least || *value > most) {
    throw BadReport(name, get(name));
  }
  return *value;
}

std::optional<std::int64_t> Report::number_if_any(std::string_view name, std::int64_t least, std::int64_t most) const {
  return get(name).empty() ? std::nullopt : std::optional(number(name, least, most));
}

std::optional<std::int64_t> Report::pid_if_any(std::string_view name) const {
  return number_if_any(name, 1, k_largest_pid);
}

std::optional<double> Report::real_if_any(std::string_view name, double most) const {
  const std::string value = get(name);
  if (value.empty()) {
    return std::nullopt;
  }
  const auto number = base::parse_double(value);
  if (!number || *number < 0 || *number > most) {
    throw BadReport(name, value);
  }
  return number;
}

std::string Report::path(std::string_view name) const {
  std::string value = get(name);
  if (!is_path(value)) {
    throw BadReport(name, value);
  }
  return value;
}

std::string Report::path_if_any(std::string_view name) const {
  return get(name).empty() ? std::string() : path(name);
}

bool Report::has(std::string_view name) const {
  return std::any_of(m_values.begin(), m_values.end(), [&](const auto& entry) { return entry.first == name; });
}

std::vector<std::string> Report::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : m_values) {
    if (key == name) {
      values.push_back(value);
    }
  }
  return values;
}

}  // namespace torc::remote
