-- A switch that never returns: an administrator gives up its open calls.

ALTER TYPE witness ADD VALUE 'write_off';
ALTER TABLE switches ADD COLUMN written_off_at timestamptz;  -- calls that left before it are given up; NULL: never
