-- create -- store a file
INSERT INTO audio_files (name, path, original_name, duration_ms, sha256)
VALUES (%(name)s, %(path)s, %(original_name)s, %(duration_ms)s, %(sha256)s)
RETURNING id;

-- get -- one file
SELECT id, name, path, original_name, duration_ms, sha256, created_at FROM audio_files WHERE id = %(id)s;

-- list_all -- every file, newest first
SELECT id, name, path, original_name, duration_ms, sha256, created_at FROM audio_files ORDER BY id DESC;

-- is_used -- does any version of a flow play it
SELECT EXISTS (
    SELECT FROM flow_versions
    WHERE jsonb_path_exists(definition, '$.** ? (@.audio_id == $id)', jsonb_build_object('id', %(id)s::bigint))
);

-- remove -- forget a file
DELETE FROM audio_files WHERE id = %(id)s;
