-- changes -- What a filter asks for, ended by pieces of `records`.
SELECT r.id, r.at, r.action, r.list_name, r.phone, r.reason, r.note, r.expires_at, r.attempt_id, u.email AS user_email, r.why
FROM blacklist_changes r LEFT JOIN users u ON u.id = r.user_id
WHERE r.project_id = 1
    AND (%(phone)s::text = '' OR r.phone = %(phone)s::text)
    AND (%(action)s::text IS NULL OR r.action = %(action)s::text)
    AND (%(who)s::text = '' OR CASE %(who)s::text
        WHEN 'callee' THEN r.user_id IS NULL AND r.attempt_id IS NOT NULL
        WHEN 'system' THEN r.user_id IS NULL AND r.attempt_id IS NULL
        ELSE r.user_id::text = %(who)s::text END)
