#pragma once

namespace torc::metrics {

/// The tables of a metrics database; all of torc 0.23's but the last, which is of our own. Times are whole seconds: its
/// plot-resources reads nothing else. It allows a job one sample a second, which is not copied: two may fall into one.
inline constexpr const char* k_schema = R"sql(
CREATE TABLE IF NOT EXISTS job_resource_samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    cpu_percent REAL NOT NULL,
    memory_bytes INTEGER NOT NULL,
    num_processes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS job_metadata (
    job_id INTEGER PRIMARY KEY,
    job_name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS system_resource_samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp INTEGER NOT NULL,
    cpu_percent REAL NOT NULL,
    memory_bytes INTEGER NOT NULL,
    total_memory_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS system_resource_summary (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sample_count INTEGER NOT NULL,
    peak_cpu_percent REAL NOT NULL,
    avg_cpu_percent REAL NOT NULL,
    peak_memory_bytes INTEGER NOT NULL,
    avg_memory_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS job_requests (
    job_id INTEGER PRIMARY KEY,
    num_cpus REAL,
    memory_bytes INTEGER
);
)sql";

}  // namespace torc::metrics
