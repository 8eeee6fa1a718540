-- create -- A draft.
INSERT INTO campaigns (
    name, description, flow_version_id, default_country, time_zone, hours_start, hours_end, weekdays, max_channels,
    calls_per_minute, ring_timeout_s, max_call_s, weight, priority, retry_rules, is_recording, crm_mapping,
    keeps_holidays, requires_consent, destinations, limit_profile_id, max_calls_per_day, max_minutes_per_day,
    caller_id_choice, abandon_cap, is_by_own_clock, calls_per_second)
VALUES (
    %(name)s, %(description)s, %(flow_version_id)s, %(default_country)s, %(time_zone)s, %(hours_start)s,
    %(hours_end)s, %(weekdays)s, %(max_channels)s, %(calls_per_minute)s, %(ring_timeout_s)s, %(max_call_s)s,
    %(weight)s, %(priority)s,
    %(retry_rules)s, %(is_recording)s, %(crm_mapping)s, %(keeps_holidays)s, %(requires_consent)s, %(destinations)s,
    %(limit_profile_id)s, %(max_calls_per_day)s, %(max_minutes_per_day)s, %(caller_id_choice)s, %(abandon_cap)s,
    %(is_by_own_clock)s, %(calls_per_second)s)
RETURNING id

-- update -- Every setting; live calls keep the flow's version they began with.
UPDATE campaigns
SET name = %(name)s, description = %(description)s, flow_version_id = %(flow_version_id)s,
    default_country = %(default_country)s, time_zone = %(time_zone)s, hours_start = %(hours_start)s,
    hours_end = %(hours_end)s, weekdays = %(weekdays)s, max_channels = %(max_channels)s,
    calls_per_minute = %(calls_per_minute)s, ring_timeout_s = %(ring_timeout_s)s, max_call_s = %(max_call_s)s,
    weight = %(weight)s, priority = %(priority)s,
    retry_rules = %(retry_rules)s, is_recording = %(is_recording)s, crm_mapping = %(crm_mapping)s,
    keeps_holidays = %(keeps_holidays)s, requires_consent = %(requires_consent)s, destinations = %(destinations)s,
    limit_profile_id = %(limit_profile_id)s, max_calls_per_day = %(max_calls_per_day)s,
    max_minutes_per_day = %(max_minutes_per_day)s, caller_id_choice = %(caller_id_choice)s, abandon_cap = %(abandon_cap)s,
    is_by_own_clock = %(is_by_own_clock)s, calls_per_second = %(calls_per_second)s
WHERE id = %(campaign_id)s AND state IN ('draft', 'scheduled', 'active', 'paused')

-- drop_gateways -- Before the new ones are written.
DELETE FROM campaign_gateways WHERE campaign_id = %(campaign_id)s

-- add_gateway -- Only a caller ID registered on that very gateway fits; the first one's place is the gateway's.
WITH registered AS (
    SELECT id, gateway_id FROM caller_ids WHERE id = %(caller_id_id)s AND gateway_id = %(gateway_id)s
), gateway AS (
    INSERT INTO campaign_gateways (campaign_id, gateway_id, place)
    SELECT %(campaign_id)s, gateway_id, %(place)s FROM registered
    ON CONFLICT DO NOTHING
)
INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id, place)
SELECT %(campaign_id)s, gateway_id, id, %(place)s FROM registered

-- select -- A campaign as dialer and panel know it; which ones is said by a piece that follows.
SELECT id, name, description, state, flow_version_id, default_country, time_zone, hours_start, hours_end, weekdays,
    max_channels, calls_per_minute, ring_timeout_s, max_call_s, weight, priority, retry_rules, is_recording, crm_mapping,
    created_at,
    started_at, ended_at, keeps_holidays, requires_consent, destinations, limit_profile_id, max_calls_per_day,
    max_minutes_per_day, coalesce(max_calls_per_day, max_minutes_per_day, (
        SELECT coalesce(p.max_calls_per_day, p.max_minutes_per_day) FROM projects p WHERE p.id = 1
    )) IS NOT NULL AS is_budgeted, ARRAY(
        SELECT h.day FROM holidays h WHERE keeps_holidays AND h.project_id = 1 AND h.country = default_country
    ) AS holidays, pause_reason, caller_id_choice, abandon_cap::float8 AS abandon_cap,
    is_by_own_clock, calls_per_second::float8 AS calls_per_second
FROM campaigns

-- one -- The one with this id.
WHERE id = %(campaign_id)s

-- newest_first -- Every campaign.
ORDER BY id DESC

-- active -- What dials, oldest first.
WHERE project_id = 1 AND state = 'active' ORDER BY id

-- gateways -- The enabled gateways of some campaigns with the numbers each campaign shows there.
SELECT cg.campaign_id, g.id AS gateway_id, g.name, g.max_channels, g.calls_per_second::float8 AS calls_per_second,
    g.calls_per_minute, ARRAY(
        SELECT i.phone FROM campaign_caller_ids ci JOIN caller_ids i ON i.id = ci.caller_id_id
        WHERE ci.campaign_id = cg.campaign_id AND ci.gateway_id = g.id ORDER BY ci.place, i.id
    ) AS caller_ids
FROM campaign_gateways cg
JOIN gateways g ON g.id = cg.gateway_id AND g.is_enabled
WHERE cg.campaign_id = ANY(%(campaign_ids)s::bigint[])
    AND EXISTS (SELECT FROM campaign_caller_ids ci WHERE ci.campaign_id = cg.campaign_id AND ci.gateway_id = g.id)
ORDER BY cg.campaign_id, cg.place, g.name

-- caller_ids_of -- All that were chosen: a gateway that is switched off for a while stays chosen.
SELECT caller_id_id FROM campaign_caller_ids WHERE campaign_id = %(campaign_id)s ORDER BY place, caller_id_id

-- move -- The conditional UPDATE says who moved it: of two that press a button, one row count is 0.
UPDATE campaigns
SET state = %(target)s::campaign_state::campaign_state,
    started_at = CASE WHEN %(target)s::campaign_state::campaign_state = 'active' THEN coalesce(started_at, now()) ELSE started_at END,
    ended_at = CASE WHEN %(target)s::campaign_state::campaign_state = 'completed' THEN now() ELSE ended_at END,
    pause_reason = %(pause_reason)s::pause_reason,
    hang_up_asked_at = CASE WHEN %(hangs_up)s THEN now() ELSE hang_up_asked_at END
WHERE id = %(campaign_id)s AND state = ANY(%(before)s::campaign_state[])

-- begin_schedule -- From the moment it leaves the draft its schedule counts: what came due before is no missed run.
UPDATE campaign_schedules s SET handled_until = now(), next_run_at = now()
FROM campaigns c
WHERE s.campaign_id = %(campaign_id)s AND c.id = s.campaign_id AND c.state = 'draft'
    AND %(target)s::campaign_state IN ('scheduled', 'active')

-- contacts_by_state -- For the progress.
SELECT state::text, count(*) FROM contacts WHERE campaign_id = %(campaign_id)s GROUP BY state

-- tallies -- Attempts by disposition from the roll-up.
SELECT disposition::text, sum(attempts)::bigint, sum(billsec)::bigint
FROM campaign_tallies WHERE project_id = 1 AND campaign_id = %(campaign_id)s GROUP BY disposition

-- leads -- How many are owed in all, and how many the CRM has.
SELECT count(*), count(*) FILTER (WHERE state = 'delivered') FROM leads WHERE campaign_id = %(campaign_id)s
