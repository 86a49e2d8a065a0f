#include "torc/metrics/metrics_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>

#include <cmath>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include "metrics/hardening.hpp"
#include "metrics/schema.hpp"
#include "torc/base/error.hpp"
#include "torc/base/log.hpp"
#include "torc/base/private_file.hpp"

namespace torc::metrics {
namespace {

/// Readers lock the file only briefly, and the caller's thread must not be delayed for long.
constexpr int k_busy_timeout_ms = 1'000;

/// No WAL, because output directories are often on network file systems, on which processes cannot share the WAL index.
constexpr const char* k_settings = R"sql(
PRAGMA synchronous = OFF;
PRAGMA journal_mode = TRUNCATE;
PRAGMA temp_store = MEMORY;
)sql";

template <typename T>
void bind_optional(SQLite::Statement& statement, int index, const std::optional<T>& value) {
  if (value) {
    statement.bind(index, *value);
  } else {
    statement.bind(index);
  }
}

/// The path without links. Creates the file if it does not exist. Refuses paths with links of other users.
std::filesystem::path careful_path(const std::filesystem::path& path) {
  const std::filesystem::path absolute = std::filesystem::absolute(path);
  const std::filesystem::path directory = absolute.parent_path();
  base::open_below(directory.parent_path(), directory.filename() / absolute.filename(), O_RDWR | O_CREAT);
  return std::filesystem::canonical(directory) / absolute.filename();
}

/// The open database file.
struct File {
  explicit File(const std::string& path)
      : database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, k_busy_timeout_ms) {
    harden(database);
    database.exec(k_settings);
    SQLite::Transaction transaction(database);
    database.exec(k_schema);
    transaction.commit();
  }

  SQLite::Database database;
};

void insert(SQLite::Database& database, const std::vector<JobEntry>& jobs) {
  if (jobs.empty()) {
    return;
  }
  SQLite::Statement names(database, "INSERT OR REPLACE INTO job_metadata (job_id, job_name) VALUES (?, ?)");
  SQLite::Statement requests(database,
                             "INSERT OR REPLACE INTO job_requests (job_id, num_cpus, memory_bytes) VALUES (?, ?, ?)");
  for (const auto& job : jobs) {
    names.bind(1, job.job_id);
    names.bind(2, job.name);
    names.exec();
    names.reset();
    requests.bind(1, job.job_id);
    bind_optional(requests, 2, job.requested_cpus);
    bind_optional(requests, 3, job.requested_memory_bytes);
    requests.exec();
    requests.reset();
  }
}

void insert(SQLite::Database& database, std::int64_t timestamp, const std::vector<JobSample>& samples) {
  if (samples.empty()) {
    return;
  }
  SQLite::Statement statement(
      database,
      "INSERT OR REPLACE INTO job_resource_samples (job_id, timestamp, cpu_percent, memory_bytes, num_processes) "
      "VALUES (?, ?, ?, ?, ?)");
  for (const auto& sample : samples) {
    statement.bind(1, sample.job_id);
    statement.bind(2, timestamp);
    statement.bind(3, sample.cpu_percent);
    statement.bind(4, sample.memory_bytes);
    statement.bind(5, sample.processes);
    statement.exec();
    statement.reset();
  }
}

void insert(SQLite::Database& database, std::int64_t timestamp, const SystemUsage& usage) {
  SQLite::Statement statement(
      database,
      "INSERT INTO system_resource_samples (timestamp, cpu_percent, memory_bytes, total_memory_bytes) "
      "VALUES (?, ?, ?, ?)");
  statement.bind(1, timestamp);
  statement.bind(2, usage.cpu_percent);
  statement.bind(3, usage.memory_bytes);
  statement.bind(4, usage.total_memory_bytes);
  statement.exec();
}

void insert(SQLite::Database& database, const UsageSummary& summary) {
  SQLite::Statement statement(
      database,
      "INSERT OR REPLACE INTO system_resource_summary "
      "(id, sample_count, peak_cpu_percent, avg_cpu_percent, peak_memory_bytes, avg_memory_bytes) "
      "VALUES (1, ?, ?, ?, ?, ?)");
  statement.bind(1, summary.samples);
  statement.bind(2, summary.peak_cpu_percent);
  statement.bind(3, summary.avg_cpu_percent);
  statement.bind(4, summary.peak_memory_bytes);
  statement.bind(5, summary.avg_memory_bytes);
  statement.exec();
}

}  // namespace

struct MetricsDatabase::Impl {
  /// Runs `change` in a transaction, after inserting the waiting jobs.
  template <typename Change>
  bool in_transaction(const Change& change) {
    try {
      if (!file) {
        std::filesystem::create_directories(path.parent_path().empty() ? "." : path.parent_path());
        file = std::make_unique<File>(careful_path(path).string());
      }
      SQLite::Transaction transaction(file->database);
      insert(file->database, waiting_jobs);
      change(file->database);
      transaction.commit();
    } catch (const std::exception& error) {
      failed(error.what());
      return false;
    }
    waiting_jobs.clear();
    if (failures > 0) {
      base::log_info("resource metrics are written to {} again; {} samples are missing", path.string(), failures);
      failures = 0;
    }
    return true;
  }

  void failed(const char* cause) {
    ++failures;
    if (!has_warned) {
      has_warned = true;
      base::log_warning("cannot write resource metrics to {}: {}; jobs keep running, and each sample tries again",
                        path.string(), cause);
    }
  }

  std::filesystem::path path;
  std::unique_ptr<File> file{};
  std::vector<JobEntry> waiting_jobs{};
  std::int64_t failures{0};  ///< Since the last successful write.
  bool has_warned{false};
};

MetricsDatabase::MetricsDatabase(std::filesystem::path path) : m_impl(std::make_unique<Impl>()) {
  m_impl->path = std::move(path);
}

MetricsDatabase::~MetricsDatabase() {
  if (!m_impl->waiting_jobs.empty()) {
    m_impl->in_transaction([](SQLite::Database&) {});
  }
  if (m_impl->file) {
    try {
      m_impl->file->database.exec("PRAGMA journal_mode = DELETE");  // Removes the empty journal.
    } catch (const std::exception&) {
      // An empty journal beside the file does no harm.
    }
  }
}

void MetricsDatabase::add_job(JobEntry job) {
  m_impl->waiting_jobs.push_back(std::move(job));
}

bool MetricsDatabase::write(const Sample& sample) {
  return m_impl->in_transaction([&](SQLite::Database& database) {
    const std::int64_t timestamp = std::llround(sample.timestamp);
    insert(database, timestamp, sample.jobs);
    if (sample.system) {
      insert(database, timestamp, *sample.system);
    }
  });
}

bool MetricsDatabase::write_system_summary(const UsageSummary& summary) {
  return m_impl->in_transaction([&](SQLite::Database& database) { insert(database, summary); });
}

const std::filesystem::path& MetricsDatabase::path() const {
  return m_impl->path;
}

}  // namespace torc::metrics
