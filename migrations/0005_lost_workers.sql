-- How often the job's worker was lost since the initialisation, and on which hosts: a JSON list of names.
ALTER TABLE jobs ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN lost_on TEXT;

-- What a compute node has claimed or runs.
CREATE INDEX jobs_at_work ON jobs (compute_node_id) WHERE status IN (3, 4);
