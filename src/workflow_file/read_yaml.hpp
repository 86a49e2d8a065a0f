#pragma once

#include <string>
#include <string_view>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Reads one YAML document. Plain scalars have the types of YAML 1.2's core schema (`yes` is a text, `012` a number);
/// anchors, aliases and "<<" are supported.
/// @throws base::Error with the line
Document read_yaml(std::string_view text, const std::string& name);

}  // namespace torc::workflow_file
