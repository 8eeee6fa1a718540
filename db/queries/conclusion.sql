-- subject -- The attempt with what the decision needs. row_version: PostgreSQL's own, new with every change of the row.
SELECT a.id AS attempt_id, a.campaign_id, a.contact_id, a.gateway_id, a.phone, a.number, a.answered_at,
    a.message_started_at, a.outcome, a.digits, a.amd_verdict, a.concluded_at, a.disposition, a.hangup_cause, a.sip_code,
    a.billsec, a.ended_at, a.recording_path, a.xmin::text AS row_version, c.state AS contact_state, c.attempt_count,
    c.zone_set_id, z.zones, k.state AS campaign_state, k.xmin::text AS campaign_version,
    k.hours_start, k.hours_end, k.weekdays, k.retry_rules,
    ARRAY(SELECT h.day FROM holidays h
        WHERE k.keeps_holidays AND h.project_id = 1 AND h.country = k.default_country) AS holidays,
    k.time_zone, k.is_by_own_clock
FROM attempts a
JOIN contacts c ON c.id = a.contact_id
JOIN zone_sets z ON z.id = c.zone_set_id
JOIN campaigns k ON k.id = a.campaign_id
WHERE a.id = %(attempt_id)s

-- flow -- What the call was held by.
SELECT v.definition FROM attempts a JOIN flow_versions v ON v.id = a.flow_version_id WHERE a.id = %(attempt_id)s

-- locked -- Ends `subject` for whoever was overtaken too often: the others wait.
FOR UPDATE OF a

-- as_read -- The attempt is as it was read: of two witnesses the second waits for the first, sees another version of
-- the row, and writes nothing.
a.xmin = %(row_version)s::xid

-- as_known -- Nothing has been read: what is written down agrees with what the witness knows and adds nothing to how it
-- judges the call, and its campaign is what it takes it for.
a.number = %(number)s
        AND (a.outcome IS NULL OR a.outcome = %(outcome)s::outcome)
        AND (a.answered_at IS NULL OR %(answered_at)s::timestamptz IS NOT NULL)
        AND (a.message_started_at IS NULL OR %(message_started)s)
        AND a.campaign_id - %(campaign_id)s = 0 -- no plain comparison: the planner would look through all open attempts
        AND EXISTS (SELECT FROM campaigns k WHERE k.id = %(campaign_id)s AND k.xmin = %(campaign_version)s::xid)

-- conclude -- The attempt, its contact, the tallies and WHAT IT BRINGS; no row: the attempt is over, or is not AS EXPECTED.
-- What follows from the attempt is looked up by a value of its row: a join would cost more than the look.
WITH done AS (
    UPDATE attempts a
    SET concluded_at = now(), ended_at = %(ended_at)s::timestamptz, disposition = %(disposition)s::disposition, hangup_cause = %(hangup_cause)s,
        sip_code = %(sip_code)s, billsec = %(billsec)s, concluded_by = %(witness)s
        -- WHAT WAS HEARD
    WHERE a.id = %(attempt_id)s AND a.concluded_at IS NULL AND
        -- AS EXPECTED
    RETURNING a.id, a.campaign_id, a.contact_id, a.gateway_id, a.phone, a.claimed_at, a.answered_at
), contact AS (
    UPDATE contacts c
    SET disposition = %(disposition)s::disposition, blocked_reason = NULL, callback_at = %(callback_at)s::timestamptz,
        -- WHAT BECOMES OF IT
    WHERE c.id = (SELECT contact_id FROM done) AND c.state = 'dialing'
    RETURNING c.state
), tally AS (
    INSERT INTO campaign_tallies AS t (campaign_id, day, disposition, shard, attempts, billsec)
    SELECT campaign_id, (claimed_at AT TIME ZONE %(time_zone)s)::date, %(disposition)s::disposition, %(shard)s, 1, %(billsec)s
    FROM done
    ON CONFLICT (project_id, campaign_id, day, disposition, shard)
    DO UPDATE SET attempts = t.attempts + 1, billsec = t.billsec + excluded.billsec
)-- WHAT IT BRINGS
SELECT campaign_id, contact_id, gateway_id, phone, answered_at, (SELECT state FROM contact),
    -- LEAD ID
FROM done

-- heard -- What a call adds that was answered, or of which more is known than that it has ended.
, answered_at = coalesce(a.answered_at, %(answered_at)s::timestamptz),
        outcome = %(outcome)s::outcome,
        outcome_at = coalesce(outcome_at, CASE WHEN %(outcome)s::outcome IS NOT NULL THEN %(ended_at)s::timestamptz END),
        digits = CASE WHEN length(a.digits) >= length(%(digits)s) THEN a.digits ELSE %(digits)s END,
        recording_path = coalesce(a.recording_path, %(recording_path)s),
        message_started_at = coalesce(message_started_at,
            CASE WHEN %(message_started)s THEN coalesce(a.answered_at, %(answered_at)s::timestamptz) END)
-- verdict -- And of one that was listened to.
, amd_verdict = coalesce(a.amd_verdict, %(amd_verdict)s)
-- over -- The contact is done with.
state = 'concluded', concluded_at = now()

-- again -- It is called again at THE TIME. The lists are asked here, and only of a number that is on one its trigger hears.
state = 'retry', concluded_at = NULL,
        lists_asked = c.lists_asked = EXISTS (SELECT FROM blacklist b WHERE b.project_id = 1 AND b.phone = c.phone),
        due_at = -- THE TIME

-- time_as_read -- It was worked out for the contact as it is.
%(retry_at)s::timestamptz

-- time_as_known -- It holds where the contact is in the zone set that it was worked out for; else nothing is written.
CASE WHEN c.zone_set_id = %(zone_set_id)s THEN %(retry_at)s::timestamptz ELSE overtaken(c.due_at) END

-- abandon_day -- The day's count of those whom a call reached, and of those it abandoned.
, abandon_day AS (
    INSERT INTO abandon_days AS t (campaign_id, day, shard, answered, abandoned)
    SELECT campaign_id, (claimed_at AT TIME ZONE 'UTC')::date, %(shard)s, 1, (%(disposition)s::disposition = 'abandoned')::integer
    FROM done
    ON CONFLICT (project_id, campaign_id, day, shard)
    DO UPDATE SET answered = t.answered + 1, abandoned = t.abandoned + excluded.abandoned
)
-- lead -- The lead owed, unless its contact has one.
, lead AS (
    INSERT INTO leads (attempt_id, campaign_id, contact_id)
    SELECT id, campaign_id, contact_id FROM done
    WHERE NOT EXISTS (SELECT FROM leads l WHERE l.contact_id = done.contact_id)
    ON CONFLICT (project_id, attempt_id) DO NOTHING
    RETURNING id
)
-- lead_id -- What is returned of it.
(SELECT id FROM lead)

-- upgrade -- A conclusion that knew less: the tallies move, the lead is owed after all, the contact is done with.
WITH done AS (
    UPDATE attempts
    SET disposition = %(disposition)s::disposition, hangup_cause = %(hangup_cause)s, sip_code = %(sip_code)s, billsec = %(billsec)s,
        ended_at = %(ended_at)s::timestamptz, answered_at = %(answered_at)s::timestamptz, outcome = %(outcome)s::outcome,
        outcome_at = coalesce(outcome_at, CASE WHEN %(outcome)s::outcome IS NOT NULL THEN %(ended_at)s::timestamptz END),
        digits = %(digits)s, amd_verdict = %(amd_verdict)s, recording_path = %(recording_path)s,
        message_started_at = coalesce(message_started_at, CASE WHEN %(message_started)s THEN %(answered_at)s::timestamptz END)
    WHERE id = %(attempt_id)s AND concluded_at IS NOT NULL AND xmin = %(row_version)s::xid
    RETURNING id, campaign_id, contact_id, gateway_id, phone, number, claimed_at, answered_at
), contact AS (
    UPDATE contacts c
    SET disposition = %(disposition)s::disposition, state = %(contact_state)s::contact_state, due_at = coalesce(%(retry_at)s::timestamptz, c.due_at),
        callback_at = %(callback_at)s::timestamptz,
        concluded_at = CASE WHEN %(contact_state)s::contact_state = 'retry' THEN NULL ELSE coalesce(c.concluded_at, now()) END
    FROM done
    WHERE c.id = done.contact_id
        AND (c.state = 'retry' AND %(is_final)s OR c.state IN ('concluded', 'retry') AND c.attempt_count = done.number)
    RETURNING c.state
), tally AS ( -- also where nothing was counted: the campaign may be in another zone by now, and its sums are right still
    INSERT INTO campaign_tallies AS t (campaign_id, day, disposition, shard, attempts, billsec)
    SELECT campaign_id, (claimed_at AT TIME ZONE %(time_zone)s)::date, moved.disposition, %(shard)s, moved.attempts, moved.billsec
    FROM done CROSS JOIN (VALUES
        (%(before)s::disposition, -1, -%(billsec_before)s::integer), (%(disposition)s::disposition, 1, %(billsec)s::integer)
    ) AS moved (disposition, attempts, billsec)
    ORDER BY moved.disposition
    ON CONFLICT (project_id, campaign_id, day, disposition, shard)
    DO UPDATE SET attempts = t.attempts + excluded.attempts, billsec = t.billsec + excluded.billsec
), abandon_day AS (
    INSERT INTO abandon_days AS t (campaign_id, day, shard, answered, abandoned)
    SELECT campaign_id, (claimed_at AT TIME ZONE 'UTC')::date, %(shard)s, sum(moved.one), coalesce(sum(moved.one) FILTER (WHERE moved.disposition = 'abandoned'), 0)
    FROM done CROSS JOIN LATERAL (VALUES
        (%(before)s::disposition, %(answered_before)s::timestamptz, -1), (%(disposition)s::disposition, done.answered_at, 1)
    ) AS moved (disposition, answered_at, one)
    WHERE answered_by_person(moved.disposition, moved.answered_at)
    GROUP BY done.campaign_id, done.claimed_at
    ON CONFLICT (project_id, campaign_id, day, shard)
    DO UPDATE SET answered = t.answered + excluded.answered, abandoned = t.abandoned + excluded.abandoned
), lead AS (
    INSERT INTO leads (attempt_id, campaign_id, contact_id)
    SELECT id, campaign_id, contact_id FROM done
    WHERE %(owes_lead)s AND NOT EXISTS (SELECT FROM leads l WHERE l.contact_id = done.contact_id)
    ON CONFLICT (project_id, attempt_id) DO NOTHING
    RETURNING id
)
SELECT campaign_id, contact_id, gateway_id, phone, answered_at, (SELECT state FROM contact), (SELECT id FROM lead)
FROM done
