#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// `text` as one word of a POSIX shell, whatever bytes it holds. The only way in which anything gets into a shell line.
/// Words of plain characters stay as they are; others stand in single quotes.
/// @throws Error if `text` holds a NUL byte, which no shell word can carry.
std::string shell_quote(std::string_view text);

/// All words quoted, with spaces between.
std::string shell_join(const std::vector<std::string>& words);

}  // namespace torc::base
