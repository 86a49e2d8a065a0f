#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "cli/options/restart_options.hpp"
#include "cli/print/watch_view.hpp"
#include "cli/remote_support.hpp"
#include "torc/app/workflows/job_counts.hpp"
#include "torc/cli/command.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {

struct WatchRequest {
  model::Id workflow_id{0};
  SshSettings ssh{};                  ///< With --host: the workers to watch.
  std::chrono::seconds interval{30};  ///< Between questions to the workers themselves; the server is asked more often.
  WatchView::Target target{WatchView::Target::standard_output};
  /// What is known of workers, by their `stored`: these are asked some seconds later.
  std::map<std::string, remote::WorkerState> known{};
  RestartOptions restarts{};  ///< Whether workers that died are started again, with the settings of their last start.
};

/// How a workflow stood when the watching ended.
struct WatchResult {
  enum class End {
    complete,
    canceled,
    no_workers,   ///< No runner is left, and none is started again; jobs are.
    interrupted,  ///< The user did not want to wait longer.
  };

  End end{End::complete};
  app::JobCounts jobs{};
  std::map<std::string, std::int64_t> restarts{};  ///< Of workers that were started again, by address as stored.
};

/// Shows workers and progress until the workflow is complete or canceled, nobody works on it any more, or the user
/// interrupts.
/// @throws base::ApiError where the server stays away for minutes
WatchResult watch_workers(Services& services, const WatchRequest& request);

/// Says how it ended. @returns the exit status: 0 only where all jobs completed
int report_end(const WatchResult& result, model::Id workflow_id, Services& services);

}  // namespace torc::cli
