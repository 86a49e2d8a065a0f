#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Any value of the file as JSON.
/// @param fill  Transforms each text in the value; keys stay unchanged.
/// @throws base::Error for a number that JSON cannot represent
nlohmann::json json_of(const Document& document, const Node& node,
                       const std::function<std::string(const std::string&)>& fill);

}  // namespace torc::workflow_file
