#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// A value of the file, whatever it is, as JSON.
/// @param fill  What becomes of each text in it; keys stay as they are.
/// @throws base::Error where a number is one that JSON has not
nlohmann::json json_of(const Document& document, const Node& node,
                       const std::function<std::string(const std::string&)>& fill);

}  // namespace torc::workflow_file
