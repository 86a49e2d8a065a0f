#pragma once

#include <string>

#include "torc/app/workflows/job_counts.hpp"

namespace torc::cli {

/// "3 of 7 jobs completed", and how many failed or were canceled where some did.
std::string completed_text(const app::JobCounts& counts);

}  // namespace torc::cli
