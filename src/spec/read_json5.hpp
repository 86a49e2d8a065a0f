#pragma once

#include <string>
#include <string_view>

#include "spec/node.hpp"

namespace torc::spec {

/// Reads JSON5 text (https://spec.json5.org), which is UTF-8. Keys keep their order. Infinity and NaN are refused.
/// @throws base::Error with line and column of a syntax error, else the pointer
Document read_json5(std::string_view text, const std::string& name);

}  // namespace torc::spec
