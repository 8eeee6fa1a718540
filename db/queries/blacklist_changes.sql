-- changes -- What a filter asks for, ended by a piece that says in what order. Days are days of UTC.
SELECT c.id, c.at, c.action, c.list_name, c.phone, c.reason, c.note, c.expires_at, c.attempt_id, u.email AS user_email, c.why
FROM blacklist_changes c LEFT JOIN users u ON u.id = c.user_id
WHERE c.project_id = 1
    AND (%(phone)s::text = '' OR c.phone = %(phone)s::text)
    AND (%(action)s::text IS NULL OR c.action = %(action)s::text)
    AND (%(who)s::text = '' OR CASE %(who)s::text
        WHEN 'callee' THEN c.user_id IS NULL AND c.attempt_id IS NOT NULL
        WHEN 'system' THEN c.user_id IS NULL AND c.attempt_id IS NULL
        ELSE c.user_id::text = %(who)s::text END)
    AND (%(since)s::date IS NULL OR c.at >= %(since)s::date::timestamp AT TIME ZONE 'UTC')
    AND (%(until)s::date IS NULL OR c.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC')

-- before -- Ends `changes`: newest first, from the last one seen on.
    AND (%(before)s::bigint IS NULL OR c.id < %(before)s::bigint)
ORDER BY c.id DESC LIMIT %(limit)s

-- oldest_first -- Ends `changes`: all of them, for a file.
ORDER BY c.id
