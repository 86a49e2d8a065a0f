#include "torc/runner/runner.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <system_error>

#include "runner/jobs/job_shell.hpp"
#include "runner/loop/loop.hpp"
#include "runner/loop/worker_state.hpp"
#include "torc/model/job_output.hpp"
#include "torc/proc/open_files.hpp"

namespace torc::runner {
namespace {

/// A running job needs one or two descriptors. A higher limit would only slow down code that closes all possible
/// descriptors.
constexpr rlim_t k_max_open_files = 65'536;

const char* reason_of(const RunnerReport& report) {
  return report.canceled ? "canceled" : report.timed_out ? "time_over" : report.stopped ? "stopped" : "finished";
}

}  // namespace

std::filesystem::path make_output_directory(const std::string& path) {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::absolute(path, error);
  if (!error) {
    std::filesystem::create_directories(directory / model::k_stdio_directory, error);
  }
  if (error) {
    throw base::Error("cannot create the output directory " + path + ": " + error.message());
  }
  for (const auto& each : {directory, directory / model::k_stdio_directory}) {
    if (::faccessat(AT_FDCWD, each.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
      throw base::SystemError("cannot write to the output directory " + path);
    }
  }
  return directory;
}

void check_shell(const std::string& shell) {
  choose_shell(shell);
}

RunnerReport run_jobs(client::Api& api, const RunnerOptions& options, const std::stop_token& stop,
                      const std::function<void(const RunnerReport&, std::int64_t running)>& on_change) {
  proc::raise_open_files(k_max_open_files);
  std::unique_ptr<WorkerState> worker;
  if (options.worker) {
    worker = std::make_unique<WorkerState>(*options.worker);
  }
  try {
    Loop loop(api, options, stop, on_change);
    if (worker) {
      worker->report_ready();
    }
    const RunnerReport report = loop.run();
    if (worker) {
      worker->record_end(reason_of(report), report.exit_status(), report.requeued);
    }
    return report;
  } catch (const std::exception&) {
    if (worker) {
      worker->record_end("failed", base::k_exit_failure, 0);
    }
    throw;
  }
}

}  // namespace torc::runner
