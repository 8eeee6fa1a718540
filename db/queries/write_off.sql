-- standing -- What the decision needs of a switch.
SELECT s.is_enabled, extract(epoch FROM clock_timestamp() - s.disabled_at)::float8 AS disabled_s,
    extract(epoch FROM clock_timestamp() - s.seen_at)::float8 AS looked_at_s,
    extract(epoch FROM clock_timestamp() - s.answered_at)::float8 AS answered_s,
    coalesce(ours.count, 0) AS calls, ours.up_until
FROM switches s CROSS JOIN LATERAL (
    SELECT count(*), max(a.originated_at + make_interval(secs => k.ring_timeout_s + k.max_call_s + %(after_the_call_s)s)) AS up_until
    FROM attempts a JOIN campaigns k ON k.id = a.campaign_id
    WHERE a.switch_id = s.id AND a.concluded_at IS NULL AND a.originated_at IS NOT NULL
) ours
WHERE s.id = %(id)s

-- locked -- Ends `standing` for whoever writes it off: nobody takes it back in, and no answer is noted, meanwhile.
FOR UPDATE OF s

-- write_off -- Calls that left until now are given up.
UPDATE switches SET written_off_at = clock_timestamp() WHERE id = %(id)s

-- owed -- What is to be given up. One that has answered since is reconciled instead. may_ring: it left after the last
-- word of its switch, which may find it unread when it goes on.
SELECT a.id::text AS attempt_id, a.originated_at > s.answered_at - make_interval(secs => %(last_word_s)s) AS may_ring
FROM switches s JOIN attempts a ON a.switch_id = s.id
WHERE s.project_id = 1 AND s.written_off_at IS NOT NULL AND s.answered_at < s.written_off_at
    AND a.concluded_at IS NULL AND a.originated_at <= s.written_off_at
ORDER BY a.originated_at, a.id LIMIT %(most)s

-- dial_no_more -- Whoever may yet be rung by this attempt is not dialled again by a retry rule.
UPDATE contacts c SET state = 'concluded', concluded_at = now()
FROM attempts a
WHERE a.id = %(attempt_id)s AND c.id = a.contact_id AND c.state = 'retry' AND c.attempt_count = a.number
    AND a.disposition = 'lost'
