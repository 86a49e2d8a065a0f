-- The rest of the REST interface: schedulers, failure handlers, actions, access groups, RO-Crate entities; and what
-- tells whether a job's inputs have changed since it ran.

-- Over the input files and user data that the job started with; nothing where it has none.
ALTER TABLE jobs ADD COLUMN input_hash TEXT;

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
