-- columns -- Those of a table that can be written: what a later migration adds is copied too.
SELECT column_name::text FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %(table)s AND is_generated = 'NEVER' AND is_identity = 'NO'
ORDER BY ordinal_position

-- names_like -- Campaigns whose name is or begins with a name.
SELECT name FROM campaigns WHERE project_id = 1 AND starts_with(name, %(name)s)

-- contact_count -- All of them, whatever became of them.
SELECT count(*) FROM contacts WHERE campaign_id = %(campaign_id)s
