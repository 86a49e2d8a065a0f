#pragma once

#include <string>
#include <string_view>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Reads JSON5 text (https://spec.json5.org), which is UTF-8. Keys keep their order. Infinity and NaN are rejected.
/// @throws base::Error with line and column of a syntax error, or the JSON pointer of another error
Document read_json5(std::string_view text, const std::string& name);

}  // namespace torc::workflow_file
