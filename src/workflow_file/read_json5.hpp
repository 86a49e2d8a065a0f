#pragma once

#include <string>
#include <string_view>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Reads JSON5 text (https://description.json5.org), which is UTF-8. Keys keep their order. Infinity and NaN are refused.
/// @throws base::Error with line and column of a syntax error, else the pointer
Document read_json5(std::string_view text, const std::string& name);

}  // namespace torc::workflow_file
