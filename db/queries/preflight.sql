-- standings -- What the claim would do with each contact that waits, by zone set. Its rules, in its words; a test
-- compares them with what it does.
SELECT zone_set_id, standing, count(*) AS contacts, min(due_at) AS first_due_at
FROM (
    SELECT c.zone_set_id, c.due_at, CASE
        WHEN b.phone IS NOT NULL THEN 'listed'
        WHEN c.attempt_count >= %(max_attempts)s THEN 'no_attempts_left'
        WHEN c.due_at > %(now)s THEN 'later'
        WHEN NOT c.zone_set_id = ANY(%(zone_sets)s::integer[]) THEN 'closed'
        WHEN a.phone IS NOT NULL THEN 'ringing'
        ELSE 'ready' END AS standing
    FROM contacts c
    LEFT JOIN blacklist b
        ON b.project_id = 1 AND b.phone = c.phone AND (b.expires_at IS NULL OR b.expires_at > %(now)s)
    LEFT JOIN attempts a ON a.project_id = 1 AND a.phone = c.phone AND a.concluded_at IS NULL
    WHERE c.campaign_id = %(campaign_id)s AND c.state IN ('queued', 'retry')
) judged
GROUP BY zone_set_id, standing

-- blocked -- Those who will not be dialled any more, by reason.
SELECT coalesce(blocked_reason, ''), count(*) FROM contacts
WHERE campaign_id = %(campaign_id)s AND state = 'blocked' GROUP BY 1 ORDER BY 2 DESC, 1

-- calls_up -- Attempts that are open.
SELECT count(*) FROM attempts WHERE campaign_id = %(campaign_id)s AND concluded_at IS NULL

-- call_s -- How long its last calls held their channels, on average.
SELECT avg(extract(epoch FROM ended_at - originated_at))::float8 FROM (
    SELECT ended_at, originated_at FROM attempts
    WHERE campaign_id = %(campaign_id)s AND concluded_at IS NOT NULL AND originated_at IS NOT NULL
    ORDER BY claimed_at DESC LIMIT 500
) latest
