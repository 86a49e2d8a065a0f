#include "cli/parser/checks.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::cli {

Check check_range(Range range) {
  // CLI11's own conversion would accept "nan".
  return [range](const std::string& text) -> std::string {
    const auto number = base::parse_double(text);
    if (number && *number >= range.least && *number <= range.most) {
      return "";
    }
    return fmt::format("'{}' is not valid (expected a number from {:.12g} to {:.12g})", text, range.least, range.most);
  };
}

Check check_one_of(std::vector<std::string> words, bool ignore_case) {
  return [words = std::move(words), ignore_case](const std::string& text) -> std::string {
    const auto matches = [&](const std::string& word) {
      return ignore_case ? base::to_lower(word) == base::to_lower(text) : word == text;
    };
    if (std::any_of(words.begin(), words.end(), matches)) {
      return "";
    }
    const auto meant = base::closest(text, words);
    return "'" + text + "' is not valid (expected one of " + base::join(words, ", ") + ")" +
           (meant ? "; did you mean '" + *meant + "'?" : "");
  };
}

std::string check_positive(const std::string& text) {
  const auto number = base::parse_double(text);
  return number && *number > 0 ? "" : fmt::format("'{}' is not valid (expected a number above 0)", text);
}

std::string check_number(const std::string& text) {
  return base::parse_double(text) ? "" : fmt::format("'{}' is not a valid number", text);
}

std::string check_id(const std::string& text) {
  const auto number = base::parse_int(text);
  const bool valid = number && *number > 0 && text.front() != '0';
  return valid ? "" : "'" + text + "' is not a valid ID (expected a positive integer)";
}

std::string check_count(const std::string& text) {
  const auto number = base::parse_int(text);
  const bool plain = text == "0" || !text.starts_with('0');
  return number && *number >= 0 && plain ? "" : "'" + text + "' is not valid (expected an integer of at least 0)";
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : "";
}

}  // namespace torc::cli
