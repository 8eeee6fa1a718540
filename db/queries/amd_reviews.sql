-- page -- Attempts on which it was decided who answered, newest first, after a cursor.
SELECT a.id AS attempt_id, a.campaign_id, k.name AS campaign_name, a.phone, a.claimed_at, a.answered_at,
    a.message_started_at, a.disposition, a.amd_verdict AS verdict, a.amd_evidence AS evidence,
    a.amd_audio_path AS audio_path, l.label, u.email AS labelled_by, l.labelled_at
FROM attempts a
JOIN campaigns k ON k.id = a.campaign_id
LEFT JOIN amd_labels l ON l.attempt_id = a.id
LEFT JOIN users u ON u.id = l.labelled_by
WHERE a.project_id = 1 AND a.amd_verdict IS NOT NULL
    AND (%(attempt_id)s::uuid IS NULL OR a.id = %(attempt_id)s::uuid)
    AND (%(campaign_id)s::bigint IS NULL OR a.campaign_id = %(campaign_id)s)
    AND (%(verdict)s::text IS NULL OR a.amd_verdict = %(verdict)s)
    AND CASE %(review)s::text
        WHEN 'listen' THEN l.label IS NULL AND a.amd_audio_path IS NOT NULL
        WHEN 'labelled' THEN l.label IS NOT NULL
        WHEN 'wrong' THEN is_amd_wrong(a.amd_verdict, l.label)
        ELSE true END
    AND (%(after_at)s::timestamptz IS NULL OR (a.claimed_at, a.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
ORDER BY a.claimed_at DESC, a.id DESC
LIMIT %(limit)s::bigint

-- statistics -- Verdicts of the last days, how many were listened to, and how many of those were wrong.
SELECT a.amd_verdict AS verdict, count(*) AS attempts, count(l.label) AS labelled,
    count(*) FILTER (WHERE is_amd_wrong(a.amd_verdict, l.label)) AS wrong
FROM attempts a LEFT JOIN amd_labels l ON l.attempt_id = a.id
WHERE a.project_id = 1 AND a.amd_verdict IS NOT NULL AND a.claimed_at > now() - make_interval(days => %(days)s)
    AND (%(campaign_id)s::bigint IS NULL OR a.campaign_id = %(campaign_id)s)
GROUP BY a.amd_verdict

-- set_label -- What somebody heard who listened; the last one counts.
INSERT INTO amd_labels (attempt_id, campaign_id, label, labelled_by)
SELECT id, campaign_id, %(label)s, %(user_id)s FROM attempts WHERE id = %(attempt_id)s AND amd_verdict IS NOT NULL
ON CONFLICT (attempt_id) DO UPDATE
SET label = excluded.label, labelled_by = excluded.labelled_by, labelled_at = now()

-- drop_label -- As if nobody had listened.
DELETE FROM amd_labels WHERE attempt_id = %(attempt_id)s
