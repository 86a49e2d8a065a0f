#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

struct PagesOptions {
  std::filesystem::path directory{"."};  ///< Made where there is none.
  std::string prefix{};                  ///< With "_" before the names of files.
  std::vector<std::int64_t> job_ids{};   ///< Jobs that get a page of their own.
};

/// Writes pages of HTML, each of which needs nothing but itself: `summary.html` with everything, `job_ID.html` for each
/// of `job_ids`, `system_timeline.html` where there are samples of machines. Files of these names are replaced.
/// @returns the files written
/// @throws base::Error where no recording holds anything to show; base::SystemError where a file cannot be written
std::vector<std::filesystem::path> write_pages(const std::vector<Recording>& recordings, const PagesOptions& options);

}  // namespace torc::metrics
