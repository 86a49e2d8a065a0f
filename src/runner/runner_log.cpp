#include "runner/runner_log.hpp"

#include <fcntl.h>

#include "torc/base/error.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/model/job_output.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {
namespace {

std::string_view word(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::warning:
      return "warning";
    case base::LogLevel::error:
      return "error";
    default:
      return "info";
  }
}

}  // namespace

std::string runner_key(const RunnerOptions& options) {
  return options.worker ? options.worker->key : proc::host_name();
}

std::filesystem::path runner_log_path(const RunnerOptions& options, const std::filesystem::path& directory,
                                      std::int64_t run_id) {
  return directory / model::runner_log_name(runner_key(options), options.workflow_id, run_id);
}

RunnerLog::RunnerLog(const std::filesystem::path& path)
    : m_file(base::open_below(path.parent_path(), path.filename(), O_WRONLY | O_CREAT | O_APPEND)) {}

void RunnerLog::write(base::LogLevel level, std::string_view message) {
  // Job names and server messages may contain line breaks; an entry must stay on one line.
  const std::string text = base::replace_all(base::printable(message), "\n", " | ");
  base::log_write(level, message);
  try {
    base::write_all(m_file.get(), fmt::format("{} {} {}\n", base::timestamp_now(), word(level), text));
  } catch (const base::SystemError&) {
    // There is no other place to report this error.
  }
}

}  // namespace torc::runner
