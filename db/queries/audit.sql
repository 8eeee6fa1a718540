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

-- entries -- What a filter asks for, ended by a piece that says in what order. Days are days of UTC.
SELECT l.id, l.at, l.user_id, u.email AS user_email, l.action, l.entity_type, l.entity_id, l.details
FROM audit_log l LEFT JOIN users u ON u.id = l.user_id
WHERE l.project_id = 1
    AND (%(user_id)s::bigint IS NULL OR l.user_id = %(user_id)s::bigint)
    AND (NOT %(by_system)s OR l.user_id IS NULL)
    AND (%(action)s::text IS NULL OR l.action = %(action)s::text)
    AND (%(entity_id)s::text = '' OR l.entity_id = %(entity_id)s::text)
    AND (%(since)s::date IS NULL OR l.at >= %(since)s::date::timestamp AT TIME ZONE 'UTC')
    AND (%(until)s::date IS NULL OR l.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC')

-- before -- Ends `entries`: newest first, from the last one seen on.
    AND (%(before)s::bigint IS NULL OR l.id < %(before)s::bigint)
ORDER BY l.id DESC LIMIT %(limit)s

-- oldest_first -- Ends `entries`: all of them, for a file.
ORDER BY l.id
