-- record -- One line of the log.
INSERT INTO audit_log (user_id, action, entity_type, entity_id, details)
VALUES (%(user_id)s, %(action)s, %(entity_type)s, %(entity_id)s, %(details)s)

-- record_many -- A line for each of many things that were changed alike.
INSERT INTO audit_log (user_id, action, entity_type, entity_id, details)
SELECT %(user_id)s, %(action)s, %(entity_type)s, entity_id, %(details)s::jsonb
FROM unnest(%(entity_ids)s::text[]) AS entity_id

-- entries -- What a filter asks for, ended by pieces of `records`.
SELECT r.id, r.at, r.user_id, u.email AS user_email, r.action, r.entity_type, r.entity_id, r.details
FROM audit_log r LEFT JOIN users u ON u.id = r.user_id
WHERE r.project_id = 1
    AND (%(user_id)s::bigint IS NULL OR r.user_id = %(user_id)s::bigint)
    AND (NOT %(by_system)s OR r.user_id IS NULL)
    AND (%(action)s::text IS NULL OR r.action = %(action)s::text)
    AND (%(entity_id)s::text = '' OR r.entity_id = %(entity_id)s::text)
