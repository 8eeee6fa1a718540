-- call_context -- What the conversation needs, in one read.
SELECT a.id AS attempt_id, a.campaign_id, a.contact_id, a.phone, c.name, c.extra, a.flow_version_id, v.definition,
    k.is_recording, a.concluded_at IS NULL AS is_open
FROM attempts a
JOIN contacts c ON c.id = a.contact_id
JOIN campaigns k ON k.id = a.campaign_id
JOIN flow_versions v ON v.id = a.flow_version_id
WHERE a.id = %(attempt_id)s

-- live_setups -- How calls of campaigns that dial are to be held.
SELECT k.id AS campaign_id, k.flow_version_id, v.definition, k.is_recording
FROM campaigns k JOIN flow_versions v ON v.id = k.flow_version_id
WHERE k.state IN ('active', 'paused')

-- answer -- As mark_answered, and as mark_message_started where the first prompt follows at once; says how to hold the call.
UPDATE attempts a
SET answered_at = coalesce(a.answered_at, %(at)s),
    message_started_at = coalesce(a.message_started_at, CASE WHEN %(begins_message)s THEN %(at)s::timestamptz END)
FROM campaigns k WHERE a.id = %(attempt_id)s AND k.id = a.campaign_id
RETURNING a.campaign_id, a.flow_version_id, k.is_recording

-- mark_answered -- The first answer counts.
UPDATE attempts SET answered_at = coalesce(answered_at, %(at)s) WHERE id = %(attempt_id)s
RETURNING concluded_at IS NULL

-- mark_message_started -- The first prompt counts.
UPDATE attempts SET message_started_at = coalesce(message_started_at, %(at)s) WHERE id = %(attempt_id)s
RETURNING concluded_at IS NULL

-- record_amd -- Who answered, and why we think so.
UPDATE attempts SET amd_verdict = %(verdict)s, amd_evidence = %(evidence)s WHERE id = %(attempt_id)s

-- record_early_media -- What was heard before the answer.
UPDATE attempts SET amd_evidence = coalesce(amd_evidence, '{}') || %(evidence)s WHERE id = %(attempt_id)s

-- correct_amd -- The call itself found out more.
UPDATE attempts SET amd_verdict = %(verdict)s WHERE id = %(attempt_id)s

-- record_amd_audio -- Where the evidence's audio is.
UPDATE attempts SET amd_audio_path = %(path)s WHERE id = %(attempt_id)s

-- record_outcome -- While the call is open, a decision replaces none or one that no key press made.
UPDATE attempts
SET outcome = %(outcome)s::outcome, outcome_at = %(at)s, digits = %(digits)s, amd_verdict = coalesce(%(amd_verdict)s, amd_verdict)
WHERE id = %(attempt_id)s AND concluded_at IS NULL
    AND (outcome IS NULL OR outcome <> ALL(%(pressed)s::outcome[]) AND %(is_press)s)
RETURNING phone

-- concluded -- Whether there is such an attempt, and whether it is over.
SELECT concluded_at IS NOT NULL FROM attempts WHERE id = %(attempt_id)s

-- open_attempts -- Whatever has no conclusion, oldest first.
SELECT id AS attempt_id, campaign_id, contact_id, gateway_id, phone, claimed_at, originated_at, switch_core_uuid,
    switch_id, answered_at, outcome IS NOT DISTINCT FROM 'transferred' AS is_transferred
FROM attempts WHERE concluded_at IS NULL ORDER BY claimed_at, id

-- recent_attempts -- What went to the wire lately, or may be about to; claimed_at bounds the look into each campaign's.
-- An operator's leg leaves long after its callee's: within operator_s of the decision to connect them.
SELECT a.id AS attempt_id, a.campaign_id, a.contact_id, a.gateway_id, a.phone, a.claimed_at, a.originated_at,
    a.switch_core_uuid, a.switch_id, a.answered_at, a.outcome IS NOT DISTINCT FROM 'transferred' AS is_transferred
FROM campaigns k JOIN attempts a ON a.campaign_id = k.id
    AND a.claimed_at > now() - make_interval(secs => %(within_s)s + 60 + (SELECT max(max_call_s) FROM campaigns))
WHERE a.claimed_at > now() - make_interval(secs => %(within_s)s + 60)
        AND (a.originated_at > now() - make_interval(secs => %(within_s)s)
            OR a.originated_at IS NULL AND a.concluded_at IS NULL)
    OR a.outcome = 'transferred' AND a.outcome_at > now() - make_interval(secs => %(within_s)s + %(operator_s)s)
ORDER BY a.originated_at, a.id

-- limits -- What an operator's leg of this attempt counts against, like the attempt itself, and how its gateway may be used.
SELECT g.is_enabled, coalesce(h.state, 'closed'), coalesce(h.share::float8, 1),
    g.id, g.max_channels, g.calls_per_second::float8, g.calls_per_minute, k.id, k.max_channels, k.calls_per_minute,
    k.calls_per_second::float8, s.id, s.max_channels
FROM attempts a JOIN gateways g ON g.id = a.gateway_id JOIN campaigns k ON k.id = a.campaign_id
    LEFT JOIN switches s ON s.id = a.switch_id LEFT JOIN gateway_health h ON h.gateway_id = g.id
WHERE a.id = %(attempt_id)s
