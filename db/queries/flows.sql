-- flow_named -- The flow of this name, made when there is none; the lock orders the numbering of its versions.
INSERT INTO flows (name) VALUES (%(name)s)
ON CONFLICT (project_id, name) DO UPDATE SET name = excluded.name
RETURNING id

-- lock_flow -- Whoever numbers a version waits for the others.
SELECT id FROM flows WHERE id = %(flow_id)s FOR UPDATE

-- add_version -- The next version of a flow.
INSERT INTO flow_versions (flow_id, version, definition)
SELECT %(flow_id)s, coalesce(max(version), 0) + 1, %(definition)s FROM flow_versions WHERE flow_id = %(flow_id)s
RETURNING id

-- definition -- The frozen definition of one version.
SELECT definition FROM flow_versions WHERE id = %(flow_version_id)s

-- list_all -- Every flow with its newest version.
SELECT DISTINCT ON (f.name) f.id AS flow_id, f.name, v.id AS flow_version_id, v.version, v.definition, v.created_at
FROM flows f JOIN flow_versions v ON v.flow_id = f.id
ORDER BY f.name, v.version DESC
