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

/// Looks at what jobs and the machine use, in a thread of its own that is there only where something wants it: records
/// it, and notices jobs that use more memory than they may. The methods belong to one thread.
class Monitor {
 public:
  /// A job whose processes together use too much.
  struct Excess {
    pid_t leader{0};
    std::int64_t memory_bytes{0};
  };

  /// @param database   Where samples go, if the configuration wants them kept.
  /// @param on_excess  Called by the other thread when `take_excesses` has something.
  Monitor(const MonitorConfig& config, std::filesystem::path database, RunnerLog& log, std::function<void()> on_excess);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  /// Ends the thread; what is recorded stays.
  ~Monitor();

  /// @param memory_limit  Bytes; nothing: none.
  void started(pid_t leader, const model::Job& job, const JobNeeds& needs, std::optional<std::int64_t> memory_limit);

  /// To be called when the leader has ended and was not reaped yet.
  /// @returns what the job used; nothing where nobody wants to know
  std::optional<metrics::JobSummary> ended(pid_t leader);

  /// Those noticed since the last call; each job once.
  std::vector<Excess> take_excesses();
  bool has_excesses();

  /// Ends the thread, and the recording: writes what is written at the end.
  /// @returns what the machine used; nothing where nobody wants to know
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

  std::mutex m_mutex;  ///< For everything below.
  std::condition_variable_any m_changed;
  std::map<pid_t, Watched> m_jobs;
  std::vector<Excess> m_excesses;
  std::int64_t m_limited{0};  ///< Jobs with a limit.
  metrics::ProcessSampler m_sampler;
  metrics::SystemSampler m_system;
  metrics::MetricsDatabase m_database;
  Clock::time_point m_next_record;
  std::jthread m_thread;  ///< Last: ended before what it uses.
};

}  // namespace torc::runner
