-- page -- In the order of their import, after the last one seen.
SELECT id, phone, name, state, disposition, attempt_count, due_at, blocked_reason, concluded_at
FROM contacts
WHERE project_id = 1 AND campaign_id = %(campaign_id)s AND id > %(after)s
    AND (%(state)s::contact_state IS NULL OR state = %(state)s::contact_state)
ORDER BY id LIMIT %(limit)s
