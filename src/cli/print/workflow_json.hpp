#pragma once

#include <nlohmann/json_fwd.hpp>

#include "torc/model/models.hpp"

namespace torc::cli {

/// A workflow as commands print it: what the interface carries as JSON text stands decoded.
nlohmann::json workflow_json(const model::Workflow& workflow);

}  // namespace torc::cli
