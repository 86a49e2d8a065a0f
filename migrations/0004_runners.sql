-- How often a job was given back because its runner's time was over, since the initialisation.
ALTER TABLE jobs ADD COLUMN time_limits INTEGER NOT NULL DEFAULT 0;

-- Whether a compute node is to claim no more jobs.
ALTER TABLE compute_nodes ADD COLUMN is_draining INTEGER;
