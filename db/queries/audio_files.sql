-- add -- The file itself is below the audio folder already.
INSERT INTO audio_files (name, path, original_name, duration_ms, sha256)
VALUES (%(name)s, %(path)s, %(original_name)s, %(duration_ms)s, %(sha256)s)
ON CONFLICT (project_id, name) DO NOTHING
RETURNING id

-- get -- One file.
SELECT id, name, path, original_name, duration_ms, sha256, created_at FROM audio_files WHERE id = %(audio_id)s

-- list_all -- By name.
SELECT id, name, path, original_name, duration_ms, sha256, created_at FROM audio_files ORDER BY name

-- is_used -- Flow versions never change, so a file that one of them plays stays.
SELECT EXISTS (
    SELECT FROM flow_versions v
    WHERE jsonb_path_exists(v.definition, '$.** ? (@.audio_id == $id)', jsonb_build_object('id', %(audio_id)s::bigint)))

-- remove -- The row; the file is the caller's to delete.
DELETE FROM audio_files WHERE id = %(audio_id)s
