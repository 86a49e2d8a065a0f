-- What a worker file says of a worker beside its address: a JSON object, or NULL.
ALTER TABLE remote_workers ADD COLUMN settings TEXT;
