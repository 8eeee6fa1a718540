-- record -- write one entry
INSERT INTO audit_log (user_id, action, entity_type, entity_id, details)
VALUES (%(user_id)s, %(action)s, %(entity_type)s, %(entity_id)s, %(details)s);

-- of_entity -- an entity's latest changes
SELECT audit_log.at, users.email AS user_email, audit_log.action, audit_log.entity_type, audit_log.entity_id,
       audit_log.details
FROM audit_log
LEFT JOIN users ON users.id = audit_log.user_id
WHERE audit_log.entity_type = %(entity_type)s AND audit_log.entity_id = %(entity_id)s
ORDER BY audit_log.id DESC
LIMIT %(limit)s;
