#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// Quotes `text` as one word of a POSIX shell, whatever bytes it contains. All text that reaches a shell must pass
/// through this function. Words of plain characters stay unchanged; others are put in single quotes.
/// @throws Error if `text` contains a NUL byte, which is not possible in a shell word
std::string shell_quote(std::string_view text);

/// Quotes all words and joins them with spaces.
std::string shell_join(const std::vector<std::string>& words);

}  // namespace torc::base
