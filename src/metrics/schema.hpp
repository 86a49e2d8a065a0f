#pragma once

namespace torc::metrics {

/// The tables of a metrics database: those of torc 0.23, and job_requests. Times are whole seconds, because the
/// plot-resources of torc 0.23 reads nothing else. Unlike there, a job may have two samples with the same time.
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
