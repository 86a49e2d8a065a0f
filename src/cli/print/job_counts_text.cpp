#include "cli/print/job_counts_text.hpp"

#include <fmt/format.h>

namespace torc::cli {

std::string completed_text(const app::JobCounts& counts) {
  return fmt::format("{} of {} jobs completed{}{}", counts.completed, counts.total,
                     counts.failed > 0 ? fmt::format(", {} failed", counts.failed) : "",
                     counts.canceled > 0 ? fmt::format(", {} canceled", counts.canceled) : "");
}

}  // namespace torc::cli
