#pragma once

#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// A check: a number in the range.
Check check_range(Range range);

/// A check: one of `words`; the error suggests the closest one.
Check check_one_of(std::vector<std::string> words, bool ignore_case = false);

/// A check: a number above 0.
std::string check_positive(const std::string& text);

/// A check: a number.
std::string check_number(const std::string& text);

/// A check: a whole decimal number from 1.
std::string check_id(const std::string& text);

/// A check: a whole decimal number from 0.
std::string check_count(const std::string& text);

/// A check: not empty. An empty word is usually an unset variable of a script.
std::string check_not_empty(const std::string& text);

}  // namespace torc::cli
