-- due_count -- How many are due, up to a bound: what it is worth to reserve slots for.
SELECT count(*) FROM (
    SELECT FROM unnest(%(zone_sets)s::integer[]) AS zone_set(id)
    CROSS JOIN LATERAL (
        SELECT FROM contacts c
        WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = zone_set.id AND c.state IN ('queued', 'retry')
            AND c.due_at <= now()
        ORDER BY c.due_at, c.id LIMIT %(at_most)s
    ) due
    LIMIT %(at_most)s
) bounded

-- claim -- The dial boundary: every rule, for every attempt, in one statement.
--
-- campaign: FOR SHARE makes a pause wait for this claim and this claim see a pause that came before it.
-- line: the gateway must be the campaign's and enabled, and its caller ID registered on it. No row: nothing is locked.
-- head: the first of each open zone set, read from the index contacts_due alone; its cost depends on how many are
--   wanted and how many sets are open, not on how many contacts there are. Twice the number, so that a second
--   scheduler that finds the first ones locked takes the next ones.
-- locked: SKIP LOCKED lets two schedulers claim side by side; a row that changed since `head` is checked again.
-- placed: the partial unique index refuses a number that is ringing anywhere. By number, so that two claims that
--   meet wait for each other in one order and can't deadlock.
-- postponed: whoever is ringing elsewhere stays queued, but leaves the head so that it does not starve the rest.
WITH campaign AS MATERIALIZED (
    SELECT id, flow_version_id, ring_timeout_s, max_call_s FROM campaigns
    WHERE id = %(campaign_id)s AND state = 'active' FOR SHARE
), line AS MATERIALIZED (
    SELECT g.id AS gateway_id, g.name AS gateway, i.phone AS caller_id
    FROM campaign_gateways cg
    JOIN gateways g ON g.id = cg.gateway_id AND g.is_enabled
    JOIN caller_ids i ON i.id = cg.caller_id_id AND i.gateway_id = g.id
    WHERE cg.project_id = 1 AND cg.campaign_id = %(campaign_id)s AND cg.gateway_id = %(gateway_id)s
), head AS MATERIALIZED (
    SELECT due.id FROM unnest(%(zone_sets)s::integer[]) AS zone_set(id)
    CROSS JOIN LATERAL (
        SELECT c.id, c.due_at FROM contacts c
        WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = zone_set.id AND c.state IN ('queued', 'retry')
            AND c.due_at <= %(now)s
        ORDER BY c.due_at, c.id LIMIT 2 * %(wanted)s
    ) due
    ORDER BY due.due_at, due.id LIMIT 2 * %(wanted)s
), locked AS MATERIALIZED (
    SELECT c.id, c.phone, c.attempt_count, c.due_at,
        (SELECT b.reason FROM blacklist b
         WHERE b.project_id = 1 AND b.phone = c.phone AND (b.expires_at IS NULL OR b.expires_at > %(now)s)
        ) AS blacklisted
    FROM contacts c CROSS JOIN campaign CROSS JOIN line
    WHERE c.id = ANY(ARRAY(SELECT id FROM head)) AND c.state IN ('queued', 'retry') AND c.due_at <= %(now)s
        AND c.zone_set_id = ANY(%(zone_sets)s::integer[])
    ORDER BY c.due_at, c.id LIMIT %(wanted)s
    FOR UPDATE OF c SKIP LOCKED
), blocked AS (
    UPDATE contacts c
    SET state = 'blocked', disposition = 'blocked', blocked_reason = 'blacklist: ' || l.blacklisted, concluded_at = now()
    FROM locked l WHERE c.id = l.id AND l.blacklisted IS NOT NULL
), exhausted AS (
    UPDATE contacts c
    SET state = 'concluded', disposition = coalesce(c.disposition, 'failed'), concluded_at = now()
    FROM locked l WHERE c.id = l.id AND l.blacklisted IS NULL AND l.attempt_count >= %(max_attempts)s
), eligible AS MATERIALIZED (
    SELECT id, phone, attempt_count, row_number() OVER (ORDER BY due_at, id) AS place
    FROM locked WHERE blacklisted IS NULL AND attempt_count < %(max_attempts)s
), placed AS (
    INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number)
    SELECT (%(attempt_ids)s::uuid[])[e.place], campaign.id, e.id, line.gateway_id, campaign.flow_version_id, e.phone,
        line.caller_id, e.attempt_count + 1
    FROM eligible e CROSS JOIN campaign CROSS JOIN line
    ORDER BY e.phone
    ON CONFLICT (project_id, phone) WHERE concluded_at IS NULL DO NOTHING
    RETURNING id, contact_id, phone, number
), dialing AS (
    UPDATE contacts c SET state = 'dialing', attempt_count = placed.number
    FROM placed WHERE c.id = placed.contact_id
), postponed AS (
    UPDATE contacts c SET due_at = now() + make_interval(secs => %(postpone_s)s)
    FROM eligible e WHERE c.id = e.id AND NOT EXISTS (SELECT FROM placed WHERE placed.contact_id = e.id)
)
SELECT placed.id AS attempt_id, placed.contact_id, campaign.id AS campaign_id, line.gateway_id, line.gateway,
    campaign.flow_version_id, placed.phone, placed.number, line.caller_id, campaign.ring_timeout_s, campaign.max_call_s
FROM placed JOIN eligible e ON e.id = placed.contact_id CROSS JOIN campaign CROSS JOIN line
ORDER BY e.place

-- mark_originated -- Once only (originated_at IS NULL), and only while the campaign dials and the number is not listed.
WITH marked AS MATERIALIZED (
    SELECT a.id FROM attempts a JOIN campaigns c ON c.id = a.campaign_id
    WHERE a.id = ANY(%(attempt_ids)s::uuid[]) AND a.originated_at IS NULL AND a.concluded_at IS NULL
        AND c.state = 'active'
        AND NOT EXISTS (
            SELECT FROM blacklist b
            WHERE b.project_id = 1 AND b.phone = a.phone AND (b.expires_at IS NULL OR b.expires_at > now()))
    ORDER BY a.id FOR UPDATE OF a FOR SHARE OF c
)
UPDATE attempts a SET originated_at = now(), switch_core_uuid = %(core_uuid)s
FROM marked WHERE a.id = marked.id
RETURNING a.id::text

-- release -- An attempt that never went to the wire is as if it had not been; its row lock settles who was first.
WITH gone AS (
    DELETE FROM attempts
    WHERE id = ANY(%(attempt_ids)s::uuid[]) AND originated_at IS NULL AND concluded_at IS NULL
    RETURNING contact_id, number
)
UPDATE contacts c
SET attempt_count = gone.number - 1,
    state = CASE WHEN gone.number = 1 THEN 'queued' ELSE 'retry' END::contact_state
FROM gone WHERE c.id = gone.contact_id AND c.state = 'dialing'

-- withdraw -- As release, by the one who marked them and knows that they were not sent.
WITH gone AS (
    DELETE FROM attempts
    WHERE id = ANY(%(attempt_ids)s::uuid[]) AND answered_at IS NULL AND concluded_at IS NULL
    RETURNING contact_id, number
)
UPDATE contacts c
SET attempt_count = gone.number - 1,
    state = CASE WHEN gone.number = 1 THEN 'queued' ELSE 'retry' END::contact_state
FROM gone WHERE c.id = gone.contact_id AND c.state = 'dialing'

-- stale -- Claims nobody originated: a scheduler died in between.
SELECT id::text FROM attempts
WHERE concluded_at IS NULL AND originated_at IS NULL
    AND claimed_at < now() - make_interval(secs => %(older_than_s)s)
ORDER BY id FOR UPDATE SKIP LOCKED
