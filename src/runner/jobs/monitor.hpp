#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "runner/jobs/capacity.hpp"
#include "runner/jobs/job_process.hpp"
#include "runner/jobs/monitor_config.hpp"
#include "runner/runner_log.hpp"
#include "torc/metrics/metrics_database.hpp"
#include "torc/metrics/process_sampler.hpp"
#include "torc/metrics/system_sampler.hpp"

namespace torc::runner {

/// Measures the resource usage of jobs and of the machine, in a separate thread that is started only if needed: records
/// it, and detects jobs that exceed their memory limit. The methods belong to one thread.
class Monitor {
 public:
  /// A job whose processes together exceed its memory limit.
  struct Excess {
    pid_t leader{0};
    std::int64_t memory_bytes{0};
  };

  /// @param database   The file for samples, if the configuration wants them recorded.
  /// @param on_excess  Called by the other thread when `take_excesses` has something to return.
  Monitor(const MonitorConfig& config, std::filesystem::path database, RunnerLog& log, std::function<void()> on_excess);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  /// Ends the thread; recorded samples stay.
  ~Monitor();

  /// @param memory_limit  In bytes, if this object is to enforce it.
  void started(pid_t leader, const model::Job& job, const JobNeeds& needs, std::optional<std::int64_t> memory_limit);

  /// Call this when the leader has ended, before it is reaped.
  /// @returns the job's usage, if it is to be reported
  std::optional<metrics::JobSummary> ended(pid_t leader);

  /// The excesses since the last call; at most one per job.
  std::vector<Excess> take_excesses();
  bool has_excesses();

  /// Ends the thread and completes the recording.
  /// @returns the machine's usage, if it is to be reported
  std::optional<metrics::UsageSummary> finish();

 private:
  using Clock = std::chrono::steady_clock;

  struct Watched {
    JobKey key;
    std::optional<std::int64_t> memory_limit;
  };

  void run(const std::stop_token& stop);
  void sample(Clock::time_point now);
  void record_excesses(const std::vector<metrics::JobUsage>& jobs);
  void record(const std::vector<metrics::JobUsage>& jobs);
  pid_t leader_of(pid_t orphan) const;
  std::chrono::milliseconds interval() const;
  void draw_plots();

  const MonitorConfig m_config;
  RunnerLog& m_log;
  std::function<void()> m_on_excess;

  std::mutex m_mutex;  ///< Protects all members below.
  std::condition_variable_any m_changed;
  std::map<pid_t, Watched> m_jobs;
  std::vector<Excess> m_excesses;
  std::int64_t m_limited{0};  ///< Jobs with a limit.
  metrics::ProcessSampler m_sampler;
  metrics::SystemSampler m_system;
  metrics::MetricsDatabase m_database;
  Clock::time_point m_next_record;
  std::jthread m_thread;  ///< Last, so that it ends before the objects that it uses.
};

}  // namespace torc::runner
