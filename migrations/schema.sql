-- The schema as it is now: what a new database is made from. It holds what 0001 to the last of the numbered steps come to,
-- which bring an older database up to date; a test compares the two. A change goes into both.

-- Workflows with their jobs, what jobs need and make, who runs them and how they ended.
--
-- Ids that end up in file names, in other tables without a foreign key or at clients are never given twice
-- (AUTOINCREMENT). Columns are named as the fields of the REST interface.

CREATE TABLE server (
  server_id TEXT NOT NULL
);

CREATE TABLE workflows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  user TEXT NOT NULL,
  description TEXT,
  timestamp TEXT NOT NULL,
  project TEXT,
  metadata TEXT,
  compute_node_expiration_buffer_seconds INTEGER,
  compute_node_wait_for_new_jobs_seconds INTEGER DEFAULT 90,
  compute_node_ignore_workflow_completion INTEGER DEFAULT 0,
  compute_node_wait_for_healthy_database_minutes INTEGER DEFAULT 20,
  compute_node_min_time_for_new_jobs_seconds INTEGER DEFAULT 300,
  enable_ro_crate INTEGER,
  execution_config TEXT,
  resource_monitor_config TEXT,
  slurm_config TEXT,
  slurm_defaults TEXT,
  use_pending_failed INTEGER,
  -- The status is part of the workflow; clients know it under an id of its own.
  status_id INTEGER GENERATED ALWAYS AS (id) VIRTUAL,
  run_id INTEGER NOT NULL DEFAULT 0,
  is_canceled INTEGER NOT NULL DEFAULT 0,
  is_archived INTEGER NOT NULL DEFAULT 0,
  has_detected_need_to_run_completion_script INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE resource_requirements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  num_cpus INTEGER NOT NULL DEFAULT 1,
  num_gpus INTEGER NOT NULL DEFAULT 0,
  num_nodes INTEGER NOT NULL DEFAULT 1,
  memory TEXT NOT NULL DEFAULT '1m',
  runtime TEXT NOT NULL DEFAULT 'PT1M',
  -- What `memory` and `runtime` say, for claims.
  memory_bytes INTEGER NOT NULL DEFAULT 1048576,
  runtime_seconds INTEGER NOT NULL DEFAULT 60
);
CREATE INDEX resource_requirements_by_workflow ON resource_requirements (workflow_id);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  command TEXT NOT NULL,
  invocation_script TEXT,
  status INTEGER NOT NULL DEFAULT 0,
  schedule_compute_nodes TEXT,
  cancel_on_blocking_job_failure INTEGER NOT NULL DEFAULT 1,
  supports_termination INTEGER NOT NULL DEFAULT 0,
  resource_requirements_id INTEGER NOT NULL REFERENCES resource_requirements (id),
  scheduler_id INTEGER,
  failure_handler_id INTEGER,
  attempt_id INTEGER NOT NULL DEFAULT 1,
  priority INTEGER NOT NULL DEFAULT 0,
  -- How many of its blocking jobs are not final yet; right for blocked jobs.
  blockers INTEGER NOT NULL DEFAULT 0,
  -- Who claimed or runs it; nothing where the claimer did not say.
  compute_node_id INTEGER,
  -- The result of its last run, the one that listings show; older ones are kept.
  result_id INTEGER,
  -- How often a failure handler had it run again since the initialisation.
  failure_retries INTEGER NOT NULL DEFAULT 0,
  -- Over the input files and user data that the job started with; nothing where it has none.
  input_hash TEXT,
  -- How often a job was given back because its runner's time was over, since the initialisation.
  time_limits INTEGER NOT NULL DEFAULT 0,
  -- How often the job's worker was lost since the initialisation, and on which hosts: a JSON list of names.
  losses INTEGER NOT NULL DEFAULT 0,
  lost_on TEXT
);
CREATE INDEX jobs_by_workflow ON jobs (workflow_id);
CREATE INDEX jobs_by_requirements ON jobs (resource_requirements_id);
-- In the order in which claims take them.
CREATE INDEX jobs_ready ON jobs (workflow_id, priority DESC, id) WHERE status = 2;
-- Answers whether a workflow is complete.
CREATE INDEX jobs_unfinished ON jobs (workflow_id) WHERE status IN (0, 1, 2, 3, 4, 10);
-- What a compute node has claimed or runs.
CREATE INDEX jobs_at_work ON jobs (compute_node_id) WHERE status IN (3, 4);

CREATE TABLE job_dependencies (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  depends_on_job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  workflow_id INTEGER NOT NULL,
  -- Follows from a file or user data that one job writes and the other reads.
  implicit INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, depends_on_job_id)
) WITHOUT ROWID;
CREATE INDEX job_dependencies_by_blocker ON job_dependencies (depends_on_job_id, job_id);
CREATE INDEX job_dependencies_implicit ON job_dependencies (workflow_id) WHERE implicit = 1;

CREATE TABLE files (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  st_mtime REAL
);
CREATE INDEX files_by_workflow ON files (workflow_id);

CREATE TABLE user_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  is_ephemeral INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL,
  data TEXT
);
CREATE INDEX user_data_by_workflow ON user_data (workflow_id);

CREATE TABLE job_input_files (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  PRIMARY KEY (job_id, file_id)
) WITHOUT ROWID;
CREATE INDEX job_input_files_by_file ON job_input_files (file_id, job_id);

CREATE TABLE job_output_files (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  PRIMARY KEY (job_id, file_id)
) WITHOUT ROWID;
CREATE INDEX job_output_files_by_file ON job_output_files (file_id, job_id);

CREATE TABLE job_input_user_data (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  user_data_id INTEGER NOT NULL REFERENCES user_data (id) ON DELETE CASCADE,
  PRIMARY KEY (job_id, user_data_id)
) WITHOUT ROWID;
CREATE INDEX job_input_user_data_by_user_data ON job_input_user_data (user_data_id, job_id);

CREATE TABLE job_output_user_data (
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  user_data_id INTEGER NOT NULL REFERENCES user_data (id) ON DELETE CASCADE,
  PRIMARY KEY (job_id, user_data_id)
) WITHOUT ROWID;
CREATE INDEX job_output_user_data_by_user_data ON job_output_user_data (user_data_id, job_id);

CREATE TABLE compute_nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  hostname TEXT NOT NULL,
  pid INTEGER NOT NULL,
  start_time TEXT NOT NULL,
  duration_seconds REAL,
  is_active INTEGER NOT NULL DEFAULT 0,
  num_cpus INTEGER NOT NULL,
  memory_gb REAL NOT NULL,
  num_gpus INTEGER NOT NULL,
  num_nodes INTEGER NOT NULL,
  time_limit TEXT,
  scheduler_config_id INTEGER,
  compute_node_type TEXT NOT NULL,
  scheduler TEXT,
  sample_count INTEGER,
  peak_cpu_percent REAL,
  avg_cpu_percent REAL,
  peak_memory_bytes INTEGER,
  avg_memory_bytes INTEGER,
  -- When a compute node was last heard of, in milliseconds since 1970; nothing for those that never sent a heartbeat.
  last_heartbeat INTEGER,
  -- Whether a compute node is to claim no more jobs.
  is_draining INTEGER
);
CREATE INDEX compute_nodes_by_workflow ON compute_nodes (workflow_id);

-- A result outlives the record of the compute node that made it.
CREATE TABLE results (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  run_id INTEGER NOT NULL,
  attempt_id INTEGER NOT NULL DEFAULT 1,
  compute_node_id INTEGER NOT NULL,
  return_code INTEGER NOT NULL,
  exec_time_minutes REAL NOT NULL,
  completion_time TEXT NOT NULL,
  peak_memory_bytes INTEGER,
  avg_memory_bytes INTEGER,
  peak_cpu_percent REAL,
  avg_cpu_percent REAL,
  status INTEGER NOT NULL
);
CREATE INDEX results_by_workflow ON results (workflow_id);
CREATE INDEX results_by_job ON results (job_id);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  timestamp INTEGER NOT NULL,
  data TEXT NOT NULL
);
CREATE INDEX events_by_workflow ON events (workflow_id);

CREATE TABLE remote_workers (
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  worker TEXT NOT NULL,
  -- What a worker file says of a worker beside its address: a JSON object, or NULL.
  settings TEXT,
  PRIMARY KEY (workflow_id, worker)
) WITHOUT ROWID;

CREATE TABLE scheduled_compute_nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  scheduler_id INTEGER NOT NULL,
  scheduler_config_id INTEGER NOT NULL,
  scheduler_type TEXT NOT NULL,
  status TEXT NOT NULL
);
CREATE INDEX scheduled_compute_nodes_by_workflow ON scheduled_compute_nodes (workflow_id);

-- The rest of the REST interface: schedulers, failure handlers, actions, access groups, RO-Crate entities.

CREATE TABLE slurm_schedulers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT,
  account TEXT NOT NULL,
  gres TEXT,
  mem TEXT,
  nodes INTEGER NOT NULL,
  ntasks_per_node INTEGER,
  partition TEXT,
  qos TEXT,
  tmp TEXT,
  walltime TEXT NOT NULL,
  extra TEXT
);
CREATE INDEX slurm_schedulers_by_workflow ON slurm_schedulers (workflow_id);

CREATE TABLE local_schedulers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT,
  memory TEXT,
  num_cpus INTEGER
);
CREATE INDEX local_schedulers_by_workflow ON local_schedulers (workflow_id);

CREATE TABLE slurm_stats (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  run_id INTEGER NOT NULL,
  attempt_id INTEGER NOT NULL,
  slurm_job_id TEXT,
  max_rss_bytes INTEGER,
  max_vm_size_bytes INTEGER,
  max_disk_read_bytes INTEGER,
  max_disk_write_bytes INTEGER,
  ave_cpu_seconds REAL,
  node_list TEXT
);
CREATE INDEX slurm_stats_by_workflow ON slurm_stats (workflow_id);
CREATE INDEX slurm_stats_by_job ON slurm_stats (job_id);

CREATE TABLE failure_handlers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  rules TEXT NOT NULL
);
CREATE INDEX failure_handlers_by_workflow ON failure_handlers (workflow_id);

CREATE TABLE ro_crate_entities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  file_id INTEGER REFERENCES files (id) ON DELETE SET NULL,
  entity_id TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  metadata TEXT NOT NULL,
  UNIQUE (workflow_id, entity_id)
);
CREATE INDEX ro_crate_entities_by_file ON ro_crate_entities (file_id) WHERE file_id IS NOT NULL;

-- `trigger_count` counts what happens to the workflow; for triggers of jobs it follows from the jobs' states.
CREATE TABLE workflow_actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  trigger_type TEXT NOT NULL,
  action_type TEXT NOT NULL,
  action_config TEXT NOT NULL,
  trigger_count INTEGER NOT NULL DEFAULT 0,
  required_triggers INTEGER NOT NULL DEFAULT 1,
  executed INTEGER NOT NULL DEFAULT 0,
  executed_at TEXT,
  executed_by INTEGER,
  persistent INTEGER NOT NULL DEFAULT 0,
  is_recovery INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX workflow_actions_by_workflow ON workflow_actions (workflow_id);

CREATE TABLE workflow_action_jobs (
  action_id INTEGER NOT NULL REFERENCES workflow_actions (id) ON DELETE CASCADE,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  PRIMARY KEY (action_id, job_id)
) WITHOUT ROWID;
CREATE INDEX workflow_action_jobs_by_job ON workflow_action_jobs (job_id);

CREATE TABLE access_groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  created_at TEXT NOT NULL
);
-- The one group that is always there; its members see everything.
INSERT INTO access_groups (id, name, description, created_at)
VALUES (1, 'admin', 'System administrators', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

CREATE TABLE access_group_members (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_name TEXT NOT NULL,
  group_id INTEGER NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (group_id, user_name)
);
CREATE INDEX access_group_members_by_user ON access_group_members (user_name);

CREATE TABLE workflow_access_groups (
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  group_id INTEGER NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  PRIMARY KEY (workflow_id, group_id)
) WITHOUT ROWID;
CREATE INDEX workflow_access_groups_by_group ON workflow_access_groups (group_id);
