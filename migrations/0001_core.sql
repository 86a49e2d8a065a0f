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
  failure_retries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_by_workflow ON jobs (workflow_id);
CREATE INDEX jobs_by_requirements ON jobs (resource_requirements_id);
-- In the order in which claims take them.
CREATE INDEX jobs_ready ON jobs (workflow_id, priority DESC, id) WHERE status = 2;
-- Answers whether a workflow is complete.
CREATE INDEX jobs_unfinished ON jobs (workflow_id) WHERE status IN (0, 1, 2, 3, 4, 10);

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
  avg_memory_bytes INTEGER
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
