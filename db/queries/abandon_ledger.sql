-- ledgers -- Of some campaigns: the last 30 days' counts (today and 29 before, UTC), and what labels say of machines.
SELECT k.id AS campaign_id, coalesce(days.answered, 0)::bigint AS answered, coalesce(days.abandoned, 0)::bigint AS abandoned,
    labels.labelled, labels.false_machines, labels.cut_off
FROM unnest(%(campaign_ids)s::bigint[]) AS k(id)
CROSS JOIN LATERAL (
    SELECT sum(d.answered) AS answered, sum(d.abandoned) AS abandoned FROM abandon_days d
    WHERE d.project_id = 1 AND d.campaign_id = k.id AND d.day > (%(now)s::timestamptz AT TIME ZONE 'UTC')::date - 30
) days
CROSS JOIN LATERAL (
    SELECT count(*) AS labelled, count(*) FILTER (WHERE l.label = 'human') AS false_machines,
        count(*) FILTER (WHERE l.label = 'human' AND a.message_started_at IS NULL) AS cut_off
    FROM amd_labels l JOIN attempts a ON a.id = l.attempt_id
    WHERE l.campaign_id = k.id AND a.disposition IN ('machine', 'fax')
        AND (a.claimed_at AT TIME ZONE 'UTC')::date > (%(now)s::timestamptz AT TIME ZONE 'UTC')::date - 30
) labels

-- days -- One campaign's counts by day, for the chart.
SELECT day, sum(answered)::bigint AS answered, sum(abandoned)::bigint AS abandoned FROM abandon_days
WHERE project_id = 1 AND campaign_id = %(campaign_id)s AND day > (%(now)s::timestamptz AT TIME ZONE 'UTC')::date - 30
GROUP BY day ORDER BY day

-- evidence -- Each abandoned call of the last 30 days, those too that a label found among the machines; newest first.
SELECT a.id AS attempt_id, a.phone, g.name AS gateway, a.caller_id, a.claimed_at, a.originated_at, a.answered_at,
    a.message_started_at, a.ended_at, a.billsec, a.disposition, a.hangup_cause, a.sip_code, a.amd_verdict, l.label,
    u.email AS labelled_by, l.labelled_at
FROM attempts a
JOIN gateways g ON g.id = a.gateway_id
LEFT JOIN amd_labels l ON l.attempt_id = a.id
LEFT JOIN users u ON u.id = l.labelled_by
WHERE a.id IN (
        SELECT id FROM attempts WHERE campaign_id = %(campaign_id)s AND disposition = 'abandoned'
        UNION ALL
        SELECT b.id FROM amd_labels m JOIN attempts b ON b.id = m.attempt_id
        WHERE m.campaign_id = %(campaign_id)s AND m.label = 'human' AND b.disposition IN ('machine', 'fax')
            AND b.message_started_at IS NULL)
    AND (a.claimed_at AT TIME ZONE 'UTC')::date > (%(now)s::timestamptz AT TIME ZONE 'UTC')::date - 30
ORDER BY a.claimed_at DESC, a.id LIMIT %(limit)s
