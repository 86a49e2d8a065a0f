-- When a compute node was last heard of, in milliseconds since 1970; nothing for those that never sent a heartbeat.
ALTER TABLE compute_nodes ADD COLUMN last_heartbeat INTEGER;
