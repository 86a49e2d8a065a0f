#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

struct PagesOptions {
  std::filesystem::path directory{"."};  ///< Created if it does not exist.
  std::string prefix{};                  ///< Prepended, with "_", to the file names.
  std::vector<std::int64_t> job_ids{};   ///< Jobs that get their own page.
};

/// Writes self-contained HTML pages: `summary.html` with everything, `job_ID.html` for each of `job_ids`, and
/// `system_timeline.html` if there are samples of machines. Existing files are replaced.
/// @returns the files written
/// @throws base::Error if there is nothing to show; base::SystemError if a file cannot be written
std::vector<std::filesystem::path> write_pages(const std::vector<Recording>& recordings, const PagesOptions& options);

}  // namespace torc::metrics
