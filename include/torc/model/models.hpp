#pragma once

// The bodies of the REST interface; fields have the names of the interface description. Optional fields may be absent.
// Each struct lists its fields in TORC_FIELDS (fields.hpp), which the JSON and SQL mappings use.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/fields.hpp"
#include "torc/model/job_status.hpp"

namespace torc::model {

using Id = std::int64_t;

struct Workflow {
  std::optional<Id> id;
  std::string name;
  std::string user;
  std::optional<std::string> description;
  std::optional<std::string> timestamp;
  std::optional<std::string> project;
  std::optional<std::string> metadata;  ///< JSON text
  std::optional<std::int64_t> compute_node_expiration_buffer_seconds;
  std::optional<std::int64_t> compute_node_wait_for_new_jobs_seconds;
  std::optional<bool> compute_node_ignore_workflow_completion;
  std::optional<std::int64_t> compute_node_wait_for_healthy_database_minutes;
  std::optional<std::int64_t> compute_node_min_time_for_new_jobs_seconds;
  std::optional<bool> enable_ro_crate;
  std::optional<std::string> execution_config;         ///< JSON text
  std::optional<std::string> resource_monitor_config;  ///< JSON text
  std::optional<std::string> slurm_config;             ///< JSON text
  std::optional<std::string> slurm_defaults;           ///< JSON text
  std::optional<bool> use_pending_failed;
  std::optional<Id> status_id;

  TORC_FIELDS(id, name, user, description, timestamp, project, metadata, compute_node_expiration_buffer_seconds,
              compute_node_wait_for_new_jobs_seconds, compute_node_ignore_workflow_completion,
              compute_node_wait_for_healthy_database_minutes, compute_node_min_time_for_new_jobs_seconds,
              enable_ro_crate, execution_config, resource_monitor_config, slurm_config, slurm_defaults,
              use_pending_failed, status_id);
};

struct WorkflowStatus {
  std::optional<Id> id;
  bool is_canceled{false};
  std::optional<bool> is_archived;
  std::int64_t run_id{0};  ///< Incremented at each initialization.
  std::optional<bool> has_detected_need_to_run_completion_script;

  TORC_FIELDS(id, is_canceled, is_archived, run_id, has_detected_need_to_run_completion_script);
};

/// Response of is_complete.
struct Completion {
  bool is_canceled{false};
  bool is_complete{false};
  bool needs_to_run_completion_script{false};

  TORC_FIELDS(is_canceled, is_complete, needs_to_run_completion_script);
};

/// Compute nodes to request when a job becomes ready.
struct ComputeNodeSchedule {
  std::optional<std::int64_t> max_parallel_jobs;
  std::int64_t num_jobs{0};
  Id scheduler_id{0};
  std::optional<bool> start_one_worker_per_node;

  TORC_FIELDS(max_parallel_jobs, num_jobs, scheduler_id, start_one_worker_per_node);
};

struct Job {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string command;
  std::optional<std::string> invocation_script;
  std::optional<JobStatus> status;
  std::optional<ComputeNodeSchedule> schedule_compute_nodes;
  std::optional<bool> cancel_on_blocking_job_failure;
  std::optional<bool> supports_termination;
  std::optional<std::vector<Id>> depends_on_job_ids;
  std::optional<std::vector<Id>> input_file_ids;
  std::optional<std::vector<Id>> output_file_ids;
  std::optional<std::vector<Id>> input_user_data_ids;
  std::optional<std::vector<Id>> output_user_data_ids;
  std::optional<Id> resource_requirements_id;
  std::optional<Id> scheduler_id;
  std::optional<Id> failure_handler_id;
  std::optional<std::int64_t> attempt_id;  ///< Number of the job's attempt; never decreases.
  std::optional<std::int64_t> priority;    ///< Higher runs first; >= 0.

  TORC_FIELDS(id, workflow_id, name, command, invocation_script, status, schedule_compute_nodes,
              cancel_on_blocking_job_failure, supports_termination, depends_on_job_ids, input_file_ids, output_file_ids,
              input_user_data_ids, output_user_data_ids, resource_requirements_id, scheduler_id, failure_handler_id,
              attempt_id, priority);
};

struct ResourceRequirements {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::optional<std::int64_t> num_cpus;
  std::optional<std::int64_t> num_gpus;
  std::optional<std::int64_t> num_nodes;
  std::optional<std::string> memory;   ///< "512k", "1m", "2g"
  std::optional<std::string> runtime;  ///< ISO 8601 duration

  TORC_FIELDS(id, workflow_id, name, num_cpus, num_gpus, num_nodes, memory, runtime);
};

struct Result {
  std::optional<Id> id;
  Id job_id{0};
  Id workflow_id{0};
  std::int64_t run_id{0};
  std::optional<std::int64_t> attempt_id;
  Id compute_node_id{0};
  std::int64_t return_code{0};
  double exec_time_minutes{0};
  std::string completion_time;
  std::optional<std::int64_t> peak_memory_bytes;
  std::optional<std::int64_t> avg_memory_bytes;
  std::optional<double> peak_cpu_percent;
  std::optional<double> avg_cpu_percent;
  JobStatus status{JobStatus::completed};

  TORC_FIELDS(id, job_id, workflow_id, run_id, attempt_id, compute_node_id, return_code, exec_time_minutes,
              completion_time, peak_memory_bytes, avg_memory_bytes, peak_cpu_percent, avg_cpu_percent, status);
};

struct ComputeNode {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string hostname;
  std::int64_t pid{0};
  std::string start_time;
  std::optional<double> duration_seconds;
  std::optional<bool> is_active;
  std::int64_t num_cpus{0};
  double memory_gb{0};
  std::int64_t num_gpus{0};
  std::int64_t num_nodes{1};
  std::optional<std::string> time_limit;  ///< ISO 8601 duration
  std::optional<Id> scheduler_config_id;
  std::string compute_node_type;            ///< "local" or "slurm"
  std::optional<nlohmann::json> scheduler;  ///< For ssh workers: type, worker, boot_id, start_ticks.
  std::optional<std::int64_t> sample_count;
  std::optional<double> peak_cpu_percent;
  std::optional<double> avg_cpu_percent;
  std::optional<std::int64_t> peak_memory_bytes;
  std::optional<std::int64_t> avg_memory_bytes;
  std::optional<bool> is_draining;  ///< The node gets no more jobs and ends after its last one.
  std::optional<std::int64_t>
      last_heartbeat;  ///< Milliseconds since 1970; set by the server if the node sends heartbeats.

  TORC_FIELDS(id, workflow_id, hostname, pid, start_time, duration_seconds, is_active, num_cpus, memory_gb, num_gpus,
              num_nodes, time_limit, scheduler_config_id, compute_node_type, scheduler, sample_count, peak_cpu_percent,
              avg_cpu_percent, peak_memory_bytes, avg_memory_bytes, is_draining, last_heartbeat);
};

/// Response to a heartbeat of a compute node.
struct Heartbeat {
  Id compute_node_id{0};
  std::int64_t timestamp{0};  ///< The recorded time, in milliseconds since 1970.
  bool is_active{false};      ///< Whether the node is active.
  bool is_draining{false};    ///< Whether the node is draining.
  bool is_canceled{false};    ///< Whether the workflow is canceled.
  /// A node is lost after this time without contact; absent if the server never considers nodes lost.
  std::optional<double> timeout_seconds{};

  TORC_FIELDS(compute_node_id, timestamp, is_active, is_draining, is_canceled, timeout_seconds);
};

/// A runner's free resources, in the body of claim_jobs_based_on_resources.
struct ComputeNodesResources {
  std::optional<Id> id;
  std::int64_t num_cpus{0};
  double memory_gb{0};
  std::int64_t num_gpus{0};
  std::int64_t num_nodes{1};
  std::optional<std::string> time_limit;  ///< Remaining time, an ISO 8601 duration.
  std::optional<Id> scheduler_config_id;

  TORC_FIELDS(id, num_cpus, memory_gb, num_gpus, num_nodes, time_limit, scheduler_config_id);
};

struct File {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string path;
  std::optional<double> mtime;  ///< Seconds since 1970; `st_mtime` on the wire, which is a macro of sys/stat.h.

  TORC_FIELDS(id, workflow_id, name, path, keyed("st_mtime", mtime));
};

struct UserData {
  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<bool> is_ephemeral;
  std::string name;
  std::optional<nlohmann::json> data;

  TORC_FIELDS(id, workflow_id, is_ephemeral, name, data);
};

struct Event {
  std::optional<Id> id;
  Id workflow_id{0};
  std::int64_t timestamp{0};  ///< Milliseconds since 1970
  nlohmann::json data;

  TORC_FIELDS(id, workflow_id, timestamp, data);
};

struct RemoteWorker {
  std::string worker;  ///< [user@]host[:port]
  Id workflow_id{0};
  std::optional<nlohmann::json> settings{};  ///< An addition to torc 0.23; see worker_file.hpp.

  TORC_FIELDS(worker, workflow_id, settings);
};

struct ScheduledComputeNode {
  std::optional<Id> id;
  Id workflow_id{0};
  Id scheduler_id{0};
  Id scheduler_config_id{0};
  std::string scheduler_type;
  std::string status;  ///< pending, active, complete

  TORC_FIELDS(id, workflow_id, scheduler_id, scheduler_config_id, scheduler_type, status);
};

/// Response of /version. The fields after `git_hash` are additions to torc 0.23.
struct ServerVersion {
  std::string version;
  std::string api_version;
  std::optional<std::string> git_hash;
  std::optional<std::string> server_id;        ///< The UUID of the database.
  std::optional<std::string> program_version;  ///< The version of the server's program; `version` is the interface's.
  std::optional<std::vector<std::string>> capabilities;

  TORC_FIELDS(version, api_version, git_hash, server_id, program_version, capabilities);
};

/// One page of a listing.
template <typename T>
struct Page {
  std::vector<T> items;
  std::int64_t offset{0};
  std::int64_t max_limit{100'000};
  std::int64_t total_count{0};
  bool has_more{false};
};

/// Maximum number of items per page.
inline constexpr std::int64_t k_page_limit = 100'000;

}  // namespace torc::model
