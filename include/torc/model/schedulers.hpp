#pragma once

// How a workflow gets compute nodes, and Slurm's accounting data of its jobs.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// How to request compute nodes from Slurm.
struct SlurmScheduler {
  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<std::string> name;
  std::string account;
  std::optional<std::string> gres;
  std::optional<std::string> mem;
  std::int64_t nodes{0};
  std::optional<std::int64_t> ntasks_per_node;
  std::optional<std::string> partition;
  std::optional<std::string> qos;
  std::optional<std::string> tmp;
  std::string walltime;              ///< "HH:MM:SS"
  std::optional<std::string> extra;  ///< Further options for sbatch.

  TORC_FIELDS(id, workflow_id, name, account, gres, mem, nodes, ntasks_per_node, partition, qos, tmp, walltime, extra);
};

/// The share of a machine that a local runner may use.
struct LocalScheduler {
  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<std::string> name;
  std::optional<std::string> memory;
  std::optional<std::int64_t> num_cpus;

  TORC_FIELDS(id, workflow_id, name, memory, num_cpus);
};

/// Slurm's accounting data of one attempt of a job.
struct SlurmStats {
  std::optional<Id> id;
  Id workflow_id{0};
  Id job_id{0};
  std::int64_t run_id{0};
  std::int64_t attempt_id{0};
  std::optional<std::string> slurm_job_id;
  std::optional<std::int64_t> max_rss_bytes;
  std::optional<std::int64_t> max_vm_size_bytes;
  std::optional<std::int64_t> max_disk_read_bytes;
  std::optional<std::int64_t> max_disk_write_bytes;
  std::optional<double> ave_cpu_seconds;
  std::optional<std::string> node_list;

  TORC_FIELDS(id, workflow_id, job_id, run_id, attempt_id, slurm_job_id, max_rss_bytes, max_vm_size_bytes,
              max_disk_read_bytes, max_disk_write_bytes, ave_cpu_seconds, node_list);
};

}  // namespace torc::model
