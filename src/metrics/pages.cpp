#include "torc/metrics/pages.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "metrics/page.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::metrics {
namespace {

bool has_job(const std::vector<Recording>& recordings, std::int64_t job_id) {
  return std::any_of(recordings.begin(), recordings.end(), [&](const Recording& recording) {
    return std::any_of(recording.jobs.begin(), recording.jobs.end(),
                       [&](const RecordedJob& job) { return job.job_id == job_id; });
  });
}

bool has_system(const std::vector<Recording>& recordings) {
  return std::any_of(recordings.begin(), recordings.end(),
                     [](const Recording& recording) { return !recording.system.empty(); });
}

/// @throws base::Error
void refuse_absent(const std::vector<Recording>& recordings, const std::vector<std::int64_t>& job_ids) {
  std::vector<std::string> absent;
  for (const std::int64_t job_id : job_ids) {
    if (!has_job(recordings, job_id)) {
      absent.push_back(std::to_string(job_id));
    }
  }
  if (!absent.empty()) {
    throw base::Error(fmt::format("{} {} no samples; omit --job-ids to show all jobs that have samples",
                                  (absent.size() == 1 ? "job " : "jobs ") + base::join(absent, ", "),
                                  absent.size() == 1 ? "has" : "have"));
  }
  if (std::all_of(recordings.begin(), recordings.end(), [](const Recording& each) { return each.empty(); })) {
    throw base::Error(
        "there is nothing to show: no database has samples; jobs may have ended before the first sample was taken");
  }
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    throw base::SystemError(fmt::format("cannot create the directory {}", base::printable(directory.string())),
                            error.value());
  }
}

}  // namespace

std::vector<std::filesystem::path> write_pages(const std::vector<Recording>& recordings, const PagesOptions& options) {
  refuse_absent(recordings, options.job_ids);
  make_directory(options.directory);
  std::vector<std::filesystem::path> files;
  const auto write = [&](const std::string& name, const PageContent& content) {
    files.push_back(options.directory / (options.prefix.empty() ? name : options.prefix + "_" + name));
    base::write_file_atomically(files.back(), make_page(recordings, content));
  };
  write("summary.html", {.title = "Resource usage"});
  for (const std::int64_t job_id : options.job_ids) {
    write(fmt::format("job_{}.html", job_id),
          {.title = fmt::format("Resource usage of job {}", job_id), .machines = false, .only_job = job_id});
  }
  if (has_system(recordings)) {
    write("system_timeline.html", {.title = "Resource usage of machines", .jobs = false});
  }
  return files;
}

}  // namespace torc::metrics
