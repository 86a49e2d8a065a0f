#pragma once

// The bodies of the REST interface, field by field as its description names them. An optional is a field that may be
// absent. Each struct lists its fields once, in `visit`; JSON and SQL mapping go over that list.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/job_status.hpp"

namespace torc::model {

using Id = std::int64_t;

struct Workflow {
  static constexpr bool k_model = true;

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

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("name", self.name);
    visitor("user", self.user);
    visitor("description", self.description);
    visitor("timestamp", self.timestamp);
    visitor("project", self.project);
    visitor("metadata", self.metadata);
    visitor("compute_node_expiration_buffer_seconds", self.compute_node_expiration_buffer_seconds);
    visitor("compute_node_wait_for_new_jobs_seconds", self.compute_node_wait_for_new_jobs_seconds);
    visitor("compute_node_ignore_workflow_completion", self.compute_node_ignore_workflow_completion);
    visitor("compute_node_wait_for_healthy_database_minutes", self.compute_node_wait_for_healthy_database_minutes);
    visitor("compute_node_min_time_for_new_jobs_seconds", self.compute_node_min_time_for_new_jobs_seconds);
    visitor("enable_ro_crate", self.enable_ro_crate);
    visitor("execution_config", self.execution_config);
    visitor("resource_monitor_config", self.resource_monitor_config);
    visitor("slurm_config", self.slurm_config);
    visitor("slurm_defaults", self.slurm_defaults);
    visitor("use_pending_failed", self.use_pending_failed);
    visitor("status_id", self.status_id);
  }
};

struct WorkflowStatus {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  bool is_canceled{false};
  std::optional<bool> is_archived;
  std::int64_t run_id{0};  ///< Raised by one at each initialisation.
  std::optional<bool> has_detected_need_to_run_completion_script;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("is_canceled", self.is_canceled);
    visitor("is_archived", self.is_archived);
    visitor("run_id", self.run_id);
    visitor("has_detected_need_to_run_completion_script", self.has_detected_need_to_run_completion_script);
  }
};

/// Answer of is_complete.
struct Completion {
  static constexpr bool k_model = true;

  bool is_canceled{false};
  bool is_complete{false};
  bool needs_to_run_completion_script{false};

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("is_canceled", self.is_canceled);
    visitor("is_complete", self.is_complete);
    visitor("needs_to_run_completion_script", self.needs_to_run_completion_script);
  }
};

/// Compute nodes to be asked for when a job becomes ready.
struct ComputeNodeSchedule {
  static constexpr bool k_model = true;

  std::optional<std::int64_t> max_parallel_jobs;
  std::int64_t num_jobs{0};
  Id scheduler_id{0};
  std::optional<bool> start_one_worker_per_node;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("max_parallel_jobs", self.max_parallel_jobs);
    visitor("num_jobs", self.num_jobs);
    visitor("scheduler_id", self.scheduler_id);
    visitor("start_one_worker_per_node", self.start_one_worker_per_node);
  }
};

struct Job {
  static constexpr bool k_model = true;

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
  std::optional<std::int64_t> attempt_id;  ///< Numbers the attempts of this job; never goes back.
  std::optional<std::int64_t> priority;    ///< Higher runs first; >= 0.

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("command", self.command);
    visitor("invocation_script", self.invocation_script);
    visitor("status", self.status);
    visitor("schedule_compute_nodes", self.schedule_compute_nodes);
    visitor("cancel_on_blocking_job_failure", self.cancel_on_blocking_job_failure);
    visitor("supports_termination", self.supports_termination);
    visitor("depends_on_job_ids", self.depends_on_job_ids);
    visitor("input_file_ids", self.input_file_ids);
    visitor("output_file_ids", self.output_file_ids);
    visitor("input_user_data_ids", self.input_user_data_ids);
    visitor("output_user_data_ids", self.output_user_data_ids);
    visitor("resource_requirements_id", self.resource_requirements_id);
    visitor("scheduler_id", self.scheduler_id);
    visitor("failure_handler_id", self.failure_handler_id);
    visitor("attempt_id", self.attempt_id);
    visitor("priority", self.priority);
  }
};

struct ResourceRequirements {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::optional<std::int64_t> num_cpus;
  std::optional<std::int64_t> num_gpus;
  std::optional<std::int64_t> num_nodes;
  std::optional<std::string> memory;   ///< "512k", "1m", "2g"
  std::optional<std::string> runtime;  ///< ISO 8601 duration

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("num_cpus", self.num_cpus);
    visitor("num_gpus", self.num_gpus);
    visitor("num_nodes", self.num_nodes);
    visitor("memory", self.memory);
    visitor("runtime", self.runtime);
  }
};

struct Result {
  static constexpr bool k_model = true;

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

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("job_id", self.job_id);
    visitor("workflow_id", self.workflow_id);
    visitor("run_id", self.run_id);
    visitor("attempt_id", self.attempt_id);
    visitor("compute_node_id", self.compute_node_id);
    visitor("return_code", self.return_code);
    visitor("exec_time_minutes", self.exec_time_minutes);
    visitor("completion_time", self.completion_time);
    visitor("peak_memory_bytes", self.peak_memory_bytes);
    visitor("avg_memory_bytes", self.avg_memory_bytes);
    visitor("peak_cpu_percent", self.peak_cpu_percent);
    visitor("avg_cpu_percent", self.avg_cpu_percent);
    visitor("status", self.status);
  }
};

struct ComputeNode {
  static constexpr bool k_model = true;

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
  std::optional<bool> is_draining;             ///< It is given no more jobs, and ends when its last one does.
  std::optional<std::int64_t> last_heartbeat;  ///< Milliseconds since 1970; set by the server, for nodes that send any.

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("hostname", self.hostname);
    visitor("pid", self.pid);
    visitor("start_time", self.start_time);
    visitor("duration_seconds", self.duration_seconds);
    visitor("is_active", self.is_active);
    visitor("num_cpus", self.num_cpus);
    visitor("memory_gb", self.memory_gb);
    visitor("num_gpus", self.num_gpus);
    visitor("num_nodes", self.num_nodes);
    visitor("time_limit", self.time_limit);
    visitor("scheduler_config_id", self.scheduler_config_id);
    visitor("compute_node_type", self.compute_node_type);
    visitor("scheduler", self.scheduler);
    visitor("sample_count", self.sample_count);
    visitor("peak_cpu_percent", self.peak_cpu_percent);
    visitor("avg_cpu_percent", self.avg_cpu_percent);
    visitor("peak_memory_bytes", self.peak_memory_bytes);
    visitor("avg_memory_bytes", self.avg_memory_bytes);
    visitor("is_draining", self.is_draining);
    visitor("last_heartbeat", self.last_heartbeat);
  }
};

/// Answer to a heartbeat of a compute node.
struct Heartbeat {
  static constexpr bool k_model = true;

  Id compute_node_id{0};
  std::int64_t timestamp{0};  ///< What was noted; milliseconds since 1970
  bool is_active{false};      ///< Of the node.
  bool is_draining{false};    ///< Of the node.
  bool is_canceled{false};    ///< Of its workflow.
  /// After so long without a sign of life the node is lost; nothing where the server waits for ever.
  std::optional<double> timeout_seconds{};

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("compute_node_id", self.compute_node_id);
    visitor("timestamp", self.timestamp);
    visitor("is_active", self.is_active);
    visitor("is_draining", self.is_draining);
    visitor("is_canceled", self.is_canceled);
    visitor("timeout_seconds", self.timeout_seconds);
  }
};

/// What a runner has free, in the body of claim_jobs_based_on_resources.
struct ComputeNodesResources {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  std::int64_t num_cpus{0};
  double memory_gb{0};
  std::int64_t num_gpus{0};
  std::int64_t num_nodes{1};
  std::optional<std::string> time_limit;  ///< ISO 8601 duration that is left
  std::optional<Id> scheduler_config_id;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("num_cpus", self.num_cpus);
    visitor("memory_gb", self.memory_gb);
    visitor("num_gpus", self.num_gpus);
    visitor("num_nodes", self.num_nodes);
    visitor("time_limit", self.time_limit);
    visitor("scheduler_config_id", self.scheduler_config_id);
  }
};

struct File {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string path;
  std::optional<double> mtime;  ///< "st_mtime" on the wire (a macro of sys/stat.h); seconds since 1970

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("path", self.path);
    visitor("st_mtime", self.mtime);
  }
};

struct UserData {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<bool> is_ephemeral;
  std::string name;
  std::optional<nlohmann::json> data;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("is_ephemeral", self.is_ephemeral);
    visitor("name", self.name);
    visitor("data", self.data);
  }
};

struct Event {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::int64_t timestamp{0};  ///< Milliseconds since 1970
  nlohmann::json data;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("timestamp", self.timestamp);
    visitor("data", self.data);
  }
};

struct RemoteWorker {
  static constexpr bool k_model = true;

  std::string worker;  ///< [user@]host[:port]
  Id workflow_id{0};
  std::optional<nlohmann::json> settings{};  ///< An own addition; see worker_file.hpp.

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("worker", self.worker);
    visitor("workflow_id", self.workflow_id);
    visitor("settings", self.settings);
  }
};

struct ScheduledComputeNode {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  Id scheduler_id{0};
  Id scheduler_config_id{0};
  std::string scheduler_type;
  std::string status;  ///< pending, active, complete

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("scheduler_id", self.scheduler_id);
    visitor("scheduler_config_id", self.scheduler_config_id);
    visitor("scheduler_type", self.scheduler_type);
    visitor("status", self.status);
  }
};

/// Answer of /version. What stands below `git_hash` is this project's own addition.
struct ServerVersion {
  static constexpr bool k_model = true;

  std::string version;
  std::string api_version;
  std::optional<std::string> git_hash;
  std::optional<std::string> server_id;  ///< The UUID of the database.
  std::optional<std::vector<std::string>> capabilities;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("version", self.version);
    visitor("api_version", self.api_version);
    visitor("git_hash", self.git_hash);
    visitor("server_id", self.server_id);
    visitor("capabilities", self.capabilities);
  }
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

/// The most items that one page holds.
inline constexpr std::int64_t k_page_limit = 100'000;

}  // namespace torc::model
