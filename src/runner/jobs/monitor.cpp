#include "runner/jobs/monitor.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/units.hpp"
#include "torc/metrics/pages.hpp"
#include "torc/metrics/recording.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using Detail = MonitorConfig::Detail;

/// Interval between measurements of jobs with a memory limit.
constexpr milliseconds k_limit_interval{1'000};

/// Unwanted values are 0, because the tables cannot store missing values.
metrics::SystemUsage only_wanted(metrics::SystemUsage usage, const MonitorConfig& config) {
  usage.cpu_percent = config.node_cpu ? usage.cpu_percent : 0;
  usage.memory_bytes = config.node_memory ? usage.memory_bytes : 0;
  return usage;
}

metrics::UsageSummary only_wanted(metrics::UsageSummary usage, const MonitorConfig& config) {
  if (!config.node_cpu) {
    usage.peak_cpu_percent = usage.avg_cpu_percent = 0;
  }
  if (!config.node_memory) {
    usage.peak_memory_bytes = usage.avg_memory_bytes = 0;
  }
  return usage;
}

}  // namespace

Monitor::Monitor(const MonitorConfig& config, std::filesystem::path database, RunnerLog& log,
                 std::function<void()> on_excess)
    : m_config(config),
      m_log(log),
      m_on_excess(std::move(on_excess)),
      m_sampler([this](pid_t orphan) { return leader_of(orphan); }),
      m_database(std::move(database)),
      m_next_record(Clock::now()) {}

Monitor::~Monitor() {
  m_thread.request_stop();
}

void Monitor::started(pid_t leader, const model::Job& job, const JobNeeds& needs,
                      std::optional<std::int64_t> memory_limit) {
  if (m_config.jobs == Detail::off && m_config.node == Detail::off && !memory_limit) {
    return;
  }
  {
    const std::lock_guard lock{m_mutex};
    m_sampler.add(leader);
    m_limited += memory_limit ? 1 : 0;
    m_jobs.insert_or_assign(leader, Watched{.key = key_of(job), .memory_limit = memory_limit});
    if (m_config.jobs == Detail::time_series) {
      m_database.add_job({.job_id = job.id.value_or(0),
                          .name = job.name,
                          .requested_cpus = static_cast<double>(needs.resources.cpus),
                          .requested_memory_bytes = needs.memory_bytes});
    }
  }
  if (!m_thread.joinable()) {
    m_thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } else if (memory_limit && m_limited == 1) {
    m_changed.notify_all();  // The thread may be sleeping for longer than limits allow.
  }
}

std::optional<metrics::JobSummary> Monitor::ended(pid_t leader) {
  const std::lock_guard lock{m_mutex};
  const auto it = m_jobs.find(leader);
  if (it == m_jobs.end()) {
    return std::nullopt;
  }
  m_limited -= it->second.memory_limit ? 1 : 0;
  m_jobs.erase(it);
  const auto summary = m_sampler.finish(leader);
  return m_config.jobs == Detail::off ? std::nullopt : std::optional(summary);
}

std::vector<Monitor::Excess> Monitor::take_excesses() {
  const std::lock_guard lock{m_mutex};
  return std::exchange(m_excesses, {});
}

bool Monitor::has_excesses() {
  const std::lock_guard lock{m_mutex};
  return !m_excesses.empty();
}

milliseconds Monitor::interval() const {
  const bool recording = m_config.jobs != Detail::off || m_config.node != Detail::off;
  const milliseconds wanted = recording ? milliseconds(m_config.interval) : k_limit_interval;
  return m_limited > 0 ? std::min(wanted, k_limit_interval) : wanted;
}

void Monitor::run(const std::stop_token& stop) {
  std::unique_lock lock{m_mutex};
  while (!stop.stop_requested()) {
    const auto limited = m_limited > 0;
    m_changed.wait_for(lock, stop, interval(), [&] { return !limited && m_limited > 0; });
    if (!stop.stop_requested()) {
      sample(Clock::now());
    }
  }
}

void Monitor::sample(Clock::time_point now) {
  try {
    const auto& jobs = m_sampler.sample(now);
    record_excesses(jobs);
    if (now >= m_next_record) {
      m_next_record = now + m_config.interval;
      record(jobs);
    }
  } catch (const base::Error& error) {
    m_log.warning("cannot measure the resource usage of jobs: {}", error.what());
  }
}

void Monitor::record_excesses(const std::vector<metrics::JobUsage>& jobs) {
  bool found = false;
  for (const auto& usage : jobs) {
    const auto it = m_jobs.find(usage.leader);
    if (it == m_jobs.end() || !it->second.memory_limit || usage.memory_bytes <= *it->second.memory_limit) {
      continue;
    }
    m_excesses.push_back({.leader = usage.leader, .memory_bytes = usage.memory_bytes});
    it->second.memory_limit.reset();  // Reported only once.
    --m_limited;
    found = true;
  }
  if (found) {
    m_on_excess();
  }
}

void Monitor::record(const std::vector<metrics::JobUsage>& jobs) {
  metrics::Sample sample;
  sample.timestamp = static_cast<double>(base::unix_millis_now()) / 1000.0;
  if (m_config.node != Detail::off) {
    sample.system = only_wanted(m_system.sample(), m_config);
  }
  if (!m_config.records()) {
    return;
  }
  if (m_config.jobs == Detail::time_series) {
    for (const auto& usage : jobs) {
      if (const auto it = m_jobs.find(usage.leader); it != m_jobs.end()) {
        sample.jobs.push_back({.job_id = it->second.key.job_id,
                               .cpu_percent = usage.cpu_percent,
                               .memory_bytes = usage.memory_bytes,
                               .processes = usage.processes});
      }
    }
  }
  if (m_config.node != Detail::time_series) {
    sample.system.reset();
  }
  m_database.write(sample);
}

/// Finds the job of an orphan by its environment; see ProcessTrees.
pid_t Monitor::leader_of(pid_t orphan) const {
  const auto key = job_key_in(proc::environment_of(orphan));
  if (key) {
    for (const auto& [leader, job] : m_jobs) {
      if (job.key == *key) {
        return leader;
      }
    }
  }
  return 0;
}

std::optional<metrics::UsageSummary> Monitor::finish() {
  if (m_thread.joinable()) {
    m_thread.request_stop();
    m_thread.join();
  }
  std::optional<metrics::UsageSummary> node;
  if (m_config.node != Detail::off) {
    try {
      m_system.sample();
      node = only_wanted(m_system.summary(), m_config);
    } catch (const base::Error& error) {
      m_log.warning("cannot measure the resource usage of the machine: {}", error.what());
    }
  }
  if (m_config.node == Detail::time_series && node) {
    m_database.write_system_summary(*node);
  }
  draw_plots();
  return node;
}

void Monitor::draw_plots() {
  if (!m_config.generate_plots || !std::filesystem::exists(m_database.path())) {
    return;
  }
  try {
    const auto& path = m_database.path();
    metrics::write_pages({metrics::read_recording(path)},
                         {.directory = path.parent_path(), .prefix = path.stem().string()});
  } catch (const base::Error& error) {
    m_log.warning("the plots could not be drawn: {}", error.what());
  }
}

}  // namespace torc::runner
