-- known -- What is kept of every gateway about which something is.
SELECT gateway_id, share::float8 AS share, state, reason, failures, tries, pause_s::float8 AS pause_s, open_until, cut_at,
    changed_at, judged_at
FROM gateway_health

-- due -- Gateways to be judged now, with a row each; SKIP LOCKED: what another scheduler judges is not our business.
SELECT gateway_id, share::float8 AS share, state, reason, failures, tries, pause_s::float8 AS pause_s, open_until, cut_at,
    changed_at, judged_at
FROM gateway_health WHERE judged_at <= %(now)s - make_interval(secs => %(every_s)s)
ORDER BY gateway_id FOR UPDATE SKIP LOCKED

-- begin -- A row for every gateway that has none.
INSERT INTO gateway_health (gateway_id, changed_at, judged_at)
SELECT id, %(now)s - interval '1 minute', %(now)s - interval '1 minute' FROM gateways ON CONFLICT DO NOTHING

-- seen -- What became of each gateway's calls since a moment. claimed_at bounds the look into each campaign's.
-- A call got through when the far end gave proof of life: it was answered, it rang in vain, or it was refused for a reason
-- of the callee's. One that still waits, that we ended ourselves, or that never left says nothing either way.
-- What is kept of operators' legs that nobody answered counts like calls.
WITH calls AS (
    SELECT a.gateway_id, a.originated_at, a.hangup_cause, a.sip_code, a.concluded_at, a.answered_at, a.disposition
    FROM campaigns k JOIN attempts a ON a.campaign_id = k.id AND a.claimed_at > %(since)s
    WHERE a.originated_at IS NOT NULL
    UNION ALL
    SELECT gateway_id, left_at, hangup_cause, sip_code, ended_at, NULL, 'failed'
    FROM operator_leg_failures WHERE ended_at > %(since)s
), judged AS (
    SELECT a.gateway_id, a.originated_at, a.hangup_cause, a.sip_code, a.concluded_at, h.changed_at,
        a.answered_at IS NOT NULL OR a.concluded_at IS NOT NULL AND a.disposition NOT IN ('lost', 'cancelled')
            AND (a.sip_code IS NOT NULL OR a.disposition <> 'failed') AS is_alive,
        a.concluded_at IS NOT NULL AND a.answered_at IS NULL AND a.disposition <> 'lost'
            AND (coalesce(a.sip_code = ANY(%(codes)s::smallint[]), false)
                OR a.hangup_cause = ANY(%(causes)s)
                    AND NOT coalesce(a.sip_code = ANY(%(other_codes)s::smallint[]), false))
            AS is_refused,
        coalesce(a.answered_at, a.concluded_at) AS decided_at
    FROM calls a JOIN gateway_health h ON h.gateway_id = a.gateway_id
), decided AS (
    SELECT * FROM judged WHERE is_refused OR is_alive
), good AS (
    SELECT gateway_id, max(originated_at) AS last_at FROM decided WHERE NOT is_refused GROUP BY 1
)
SELECT j.gateway_id,
    count(*) FILTER (WHERE decided_at > %(now)s - make_interval(secs => %(window_s)s)) AS tries,
    count(*) FILTER (WHERE is_refused AND decided_at > %(now)s - make_interval(secs => %(window_s)s)) AS failures,
    count(*) FILTER (WHERE is_refused AND j.originated_at > coalesce(good.last_at, '-infinity')
        AND j.originated_at > j.changed_at) AS in_row,
    max(decided_at) FILTER (WHERE is_refused) AS last_failure_at,
    count(*) FILTER (WHERE NOT is_refused AND originated_at >= changed_at) AS probes_good,
    count(*) FILTER (WHERE is_refused AND originated_at >= changed_at) AS probes_failed,
    coalesce((array_agg(hangup_cause || coalesce(' ' || sip_code, '') ORDER BY concluded_at DESC)
        FILTER (WHERE is_refused))[1], '') AS reason
FROM decided j LEFT JOIN good USING (gateway_id)
GROUP BY j.gateway_id

-- keep -- What was judged.
UPDATE gateway_health
SET share = %(share)s, state = %(state)s::breaker_state, reason = %(reason)s, failures = %(failures)s, tries = %(tries)s,
    pause_s = %(pause_s)s, open_until = %(open_until)s, cut_at = %(cut_at)s, changed_at = %(changed_at)s,
    judged_at = %(judged_at)s
WHERE gateway_id = %(gateway_id)s

-- note_leg -- An operator's leg that nobody answered; those that can say nothing any more are forgotten.
WITH old AS (
    DELETE FROM operator_leg_failures WHERE ended_at < now() - interval '1 hour'
)
INSERT INTO operator_leg_failures (attempt_id, gateway_id, left_at, ended_at, hangup_cause, sip_code)
SELECT id, gateway_id, %(left_at)s, now(), %(hangup_cause)s, %(sip_code)s FROM attempts WHERE id = %(attempt_id)s
ON CONFLICT DO NOTHING

-- failed_legs -- How many operators' legs nobody answered through each gateway within an hour, and what the last ended with.
SELECT gateway_id, count(*) AS count,
    (array_agg(hangup_cause || coalesce(' ' || sip_code, '') ORDER BY ended_at DESC))[1] AS reason
FROM operator_leg_failures WHERE ended_at > now() - interval '1 hour' GROUP BY gateway_id
