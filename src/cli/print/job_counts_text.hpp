#pragma once

#include <string>

#include "torc/app/workflows/job_counts.hpp"

namespace torc::cli {

/// "3 of 7 jobs completed", followed by the numbers of failed and canceled jobs if there are any.
std::string completed_text(const app::JobCounts& counts);

}  // namespace torc::cli
