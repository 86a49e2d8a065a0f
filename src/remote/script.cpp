#include "remote/script.hpp"

#include <algorithm>

#include "torc/base/error.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

// The same marks stand in the scripts' `report_begin` and `report_end`.
constexpr std::string_view k_begin = "#torc-report";
constexpr std::string_view k_end = "#torc-report-end";

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
    throw base::Error("'" + base::printable(name) + "' is no name for a shell variable");
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
