#pragma once

// What gets compute nodes for a workflow, and what Slurm says about the jobs it ran.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// How compute nodes are asked for from Slurm.
struct SlurmScheduler {
  static constexpr bool k_model = true;

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
  std::optional<std::string> extra;  ///< Further options, as sbatch takes them.

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("account", self.account);
    visitor("gres", self.gres);
    visitor("mem", self.mem);
    visitor("nodes", self.nodes);
    visitor("ntasks_per_node", self.ntasks_per_node);
    visitor("partition", self.partition);
    visitor("qos", self.qos);
    visitor("tmp", self.tmp);
    visitor("walltime", self.walltime);
    visitor("extra", self.extra);
  }
};

/// How much of a machine a local runner may use.
struct LocalScheduler {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<std::string> name;
  std::optional<std::string> memory;
  std::optional<std::int64_t> num_cpus;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("memory", self.memory);
    visitor("num_cpus", self.num_cpus);
  }
};

/// What Slurm accounts for one attempt of a job.
struct SlurmStats {
  static constexpr bool k_model = true;

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

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("job_id", self.job_id);
    visitor("run_id", self.run_id);
    visitor("attempt_id", self.attempt_id);
    visitor("slurm_job_id", self.slurm_job_id);
    visitor("max_rss_bytes", self.max_rss_bytes);
    visitor("max_vm_size_bytes", self.max_vm_size_bytes);
    visitor("max_disk_read_bytes", self.max_disk_read_bytes);
    visitor("max_disk_write_bytes", self.max_disk_write_bytes);
    visitor("ave_cpu_seconds", self.ave_cpu_seconds);
    visitor("node_list", self.node_list);
  }
};

}  // namespace torc::model
