#include "torc/metrics/recording.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "metrics/hardening.hpp"
#include "metrics/thinned_series.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::metrics {
namespace {

constexpr int k_read_timeout_ms = 10'000;
constexpr std::size_t k_fewest_points = 60;
constexpr std::size_t k_max_points = 800;
constexpr std::size_t k_max_system_points = 2'000;

/// Condition for valid rows: a time between 1970 and the year 5138, and numbers in range. SQLite columns can store
/// values of any type, and the file is untrusted.
constexpr const char* k_valid_row =
    "typeof(timestamp) IN ('real', 'integer') AND timestamp > 0 AND timestamp < 1e11 "
    "AND typeof(cpu_percent) IN ('real', 'integer') AND cpu_percent >= 0 AND cpu_percent < 1e9 "
    "AND typeof(memory_bytes) IN ('real', 'integer') AND memory_bytes >= 0 AND memory_bytes < 1e18";

/// The file may define computed columns. Limit values to more than the longest plausible job name.
void limit_values(SQLite::Database& database) {
  constexpr int k_longest_value = 1 << 20;
  ::sqlite3_limit(database.getHandle(), SQLITE_LIMIT_LENGTH, k_longest_value);
}

std::unique_ptr<SQLite::Database> open(const std::filesystem::path& file) {
  try {
    auto database = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READONLY, k_read_timeout_ms);
    harden(*database);
    limit_values(*database);
    database->execAndGet("SELECT count(*) FROM sqlite_master");
    return database;
  } catch (const SQLite::Exception&) {
    // An incomplete transaction of a killed writer must be rolled back first, which needs write access.
    auto database = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE, k_read_timeout_ms);
    harden(*database);
    limit_values(*database);
    database->execAndGet("SELECT count(*) FROM sqlite_master");
    return database;
  }
}

class Reader {
 public:
  Reader(SQLite::Database& database, const ReadOptions& options) : m_database(database), m_options(options) {}

  Recording read();

 private:
  bool is_wanted(std::int64_t job_id) const {
    const auto& ids = m_options.job_ids;
    return ids.empty() || std::find(ids.begin(), ids.end(), job_id) != ids.end();
  }

  void read_jobs();
  void read_points();
  void read_names();
  void read_requests();
  void read_system();
  RecordedJob* find(std::int64_t job_id);

  SQLite::Database& m_database;
  const ReadOptions& m_options;
  Recording m_recording{};
};

std::size_t count(const SQLite::Column& column) {
  return static_cast<std::size_t>(std::max<std::int64_t>(column.getInt64(), 0));
}

Recording Reader::read() {
  const bool has_jobs = m_database.tableExists("job_resource_samples");
  const bool has_system = m_database.tableExists("system_resource_samples");
  if (!has_jobs && !has_system) {
    throw base::Error("it has none of the tables of a metrics database (job_resource_samples)");
  }
  SQLite::Transaction snapshot(m_database);
  if (has_jobs) {
    read_jobs();
    read_points();
  }
  if (m_database.tableExists("job_metadata")) {
    read_names();
  }
  if (m_database.tableExists("job_requests")) {
    read_requests();
  }
  if (has_system) {
    read_system();
  }
  return std::move(m_recording);
}

void Reader::read_jobs() {
  SQLite::Statement rows(m_database,
                         fmt::format("SELECT job_id, count(*), min(timestamp), max(timestamp), max(cpu_percent), "
                                     "avg(cpu_percent), max(memory_bytes), avg(memory_bytes), max(num_processes) "
                                     "FROM job_resource_samples WHERE {} GROUP BY job_id ORDER BY job_id",
                                     k_valid_row));
  while (rows.executeStep()) {
    RecordedJob job{.job_id = rows.getColumn(0).getInt64(),
                    .first_time = rows.getColumn(2).getDouble(),
                    .last_time = rows.getColumn(3).getDouble(),
                    .peak_processes = std::max<std::int64_t>(rows.getColumn(8).getInt64(), 0)};
    job.usage = {.samples = rows.getColumn(1).getInt64(),
                 .peak_cpu_percent = rows.getColumn(4).getDouble(),
                 .avg_cpu_percent = rows.getColumn(5).getDouble(),
                 .peak_memory_bytes = rows.getColumn(6).getInt64(),
                 .avg_memory_bytes = rows.getColumn(7).getInt64()};
    if (is_wanted(job.job_id)) {
      m_recording.jobs.push_back(std::move(job));
    }
  }
}

void Reader::read_points() {
  const auto jobs = std::max<std::size_t>(m_recording.jobs.size(), 1);
  const auto most = std::clamp(m_options.most_points / jobs, k_fewest_points, k_max_points);
  std::unordered_map<std::int64_t, ThinnedSeries> series;
  for (const auto& job : m_recording.jobs) {
    series.try_emplace(job.job_id, static_cast<std::size_t>(job.usage.samples), job.first_time, job.last_time, most);
  }
  SQLite::Statement rows(m_database, fmt::format("SELECT job_id, timestamp, cpu_percent, memory_bytes, num_processes "
                                                 "FROM job_resource_samples WHERE {}",
                                                 k_valid_row));
  while (rows.executeStep()) {
    if (const auto it = series.find(rows.getColumn(0).getInt64()); it != series.end()) {
      it->second.add({.time = rows.getColumn(1).getDouble(),
                      .cpu_percent = rows.getColumn(2).getDouble(),
                      .memory_bytes = rows.getColumn(3).getInt64(),
                      .processes = std::max<std::int64_t>(rows.getColumn(4).getInt64(), 0)});
    }
  }
  for (auto& job : m_recording.jobs) {
    job.points = series.at(job.job_id).take();
  }
}

RecordedJob* Reader::find(std::int64_t job_id) {
  auto& jobs = m_recording.jobs;
  const auto it = std::lower_bound(jobs.begin(), jobs.end(), job_id,
                                   [](const RecordedJob& job, std::int64_t id) { return job.job_id < id; });
  return it != jobs.end() && it->job_id == job_id ? &*it : nullptr;
}

void Reader::read_names() {
  SQLite::Statement rows(m_database, "SELECT job_id, job_name FROM job_metadata");
  while (rows.executeStep()) {
    const std::int64_t job_id = rows.getColumn(0).getInt64();
    if (RecordedJob* job = find(job_id)) {
      job->name = rows.getColumn(1).getString();
    } else if (is_wanted(job_id)) {
      ++m_recording.jobs_without_samples;
    }
  }
}

void Reader::read_requests() {
  SQLite::Statement rows(m_database, "SELECT job_id, num_cpus, memory_bytes FROM job_requests");
  while (rows.executeStep()) {
    RecordedJob* job = find(rows.getColumn(0).getInt64());
    if (job == nullptr) {
      continue;
    }
    if (const double cpus = rows.getColumn(1).getDouble(); cpus > 0 && cpus < 1e6) {
      job->requested_cpus = cpus;
    }
    if (const std::int64_t bytes = rows.getColumn(2).getInt64(); bytes > 0) {
      job->requested_memory_bytes = bytes;
    }
  }
}

void Reader::read_system() {
  SQLite::Statement totals(
      m_database, fmt::format("SELECT count(*), min(timestamp), max(timestamp), max(cpu_percent), "
                              "avg(cpu_percent), max(memory_bytes), avg(memory_bytes), max(total_memory_bytes) "
                              "FROM system_resource_samples WHERE {}",
                              k_valid_row));
  if (!totals.executeStep() || count(totals.getColumn(0)) == 0) {
    return;
  }
  m_recording.system_usage = {.samples = totals.getColumn(0).getInt64(),
                              .peak_cpu_percent = totals.getColumn(3).getDouble(),
                              .avg_cpu_percent = totals.getColumn(4).getDouble(),
                              .peak_memory_bytes = totals.getColumn(5).getInt64(),
                              .avg_memory_bytes = totals.getColumn(6).getInt64()};
  m_recording.total_memory_bytes = std::max<std::int64_t>(totals.getColumn(7).getInt64(), 0);
  ThinnedSeries series(count(totals.getColumn(0)), totals.getColumn(1).getDouble(), totals.getColumn(2).getDouble(),
                       k_max_system_points);
  SQLite::Statement rows(
      m_database,
      fmt::format("SELECT timestamp, cpu_percent, memory_bytes FROM system_resource_samples WHERE {}", k_valid_row));
  while (rows.executeStep()) {
    series.add({.time = rows.getColumn(0).getDouble(),
                .cpu_percent = rows.getColumn(1).getDouble(),
                .memory_bytes = rows.getColumn(2).getInt64()});
  }
  m_recording.system = series.take();
}

}  // namespace

Recording read_recording(const std::filesystem::path& file, const ReadOptions& options) {
  const std::string shown = base::printable(file.string());
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) {
    throw base::Error(
        fmt::format("file not found: {}; runners write metrics databases to resource_utilization/ in their "
                    "output directory",
                    shown));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw base::Error(fmt::format("{} is not a file; specify a resource_metrics_*.db", shown));
  }
  try {
    const auto database = open(file);
    Recording recording = Reader(*database, options).read();
    recording.file = file;
    return recording;
  } catch (const SQLite::Exception& cause) {
    throw base::Error(fmt::format("cannot read {} as a metrics database: {}", shown, cause.what()));
  } catch (base::Error& cause) {
    cause.add_context("cannot read " + shown);
    throw;
  }
}

}  // namespace torc::metrics
