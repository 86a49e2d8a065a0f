#pragma once

#include <nlohmann/json_fwd.hpp>

#include "torc/model/models.hpp"

namespace torc::cli {

/// A workflow as commands print it: JSON text within the REST document is decoded.
nlohmann::json workflow_json(const model::Workflow& workflow);

}  // namespace torc::cli
