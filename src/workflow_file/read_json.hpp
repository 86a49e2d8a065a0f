#pragma once

#include <string>
#include <string_view>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Reads JSON text. Keys keep their order.
/// @throws base::Error with the line of a syntax error, or the JSON pointer of another error
Document read_json(std::string_view text, const std::string& name);

}  // namespace torc::workflow_file
