-- record -- One line of the log.
INSERT INTO audit_log (user_id, action, entity_type, entity_id, details)
VALUES (%(user_id)s, %(action)s, %(entity_type)s, %(entity_id)s, %(details)s)

-- page -- Newest first.
SELECT l.id, l.at, l.user_id, u.email AS user_email, l.action, l.entity_type, l.entity_id, l.details
FROM audit_log l LEFT JOIN users u ON u.id = l.user_id
ORDER BY l.id DESC LIMIT %(limit)s OFFSET %(offset)s

-- count -- Of the same.
SELECT count(*) FROM audit_log

-- record_many -- A line for each of many things that were changed alike.
INSERT INTO audit_log (user_id, action, entity_type, entity_id, details)
SELECT %(user_id)s, %(action)s, %(entity_type)s, entity_id, %(details)s::jsonb
FROM unnest(%(entity_ids)s::text[]) AS entity_id
