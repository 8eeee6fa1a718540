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

-- quota_of_one -- With one zone set open, all places are its own.
SELECT (%(zone_sets)s::integer[])[1] AS zone_set_id, %(wanted)s::bigint AS places FROM campaign CROSS JOIN line

-- quota_of_many -- The first of the merged heads, counted by set.
-- ORDER BY over UNION ALL is an ordered merge of index scans: it reads an entry a place, and one more a set.
SELECT merged.zone_set_id, count(*) AS places
FROM campaign CROSS JOIN line CROSS JOIN (
    SELECT heads.zone_set_id FROM (
        -- HEADS
    ) heads ORDER BY heads.due_at, heads.id LIMIT %(wanted)s
) merged
GROUP BY merged.zone_set_id

-- head -- One zone set's queue; PLACE is where it stands among the open ones. Its own ORDER BY makes the merge possible.
(SELECT c.zone_set_id, c.due_at, c.id FROM contacts c
WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = (%(zone_sets)s::integer[])[PLACE]
    AND c.state IN ('queued', 'retry') AND c.due_at <= %(now)s
ORDER BY c.due_at, c.id LIMIT %(wanted)s)

-- claim -- The dial boundary: every rule, for every attempt, in one statement.
--
-- campaign: FOR SHARE makes a pause wait for this claim and this claim see a pause that came before it.
-- line: the gateway must be the campaign's and enabled, its caller IDs registered on it. No row: nothing is locked.
-- quota: how many each open zone set may give, so that over all sets the first due come first. From contacts_due alone.
-- locked: SKIP LOCKED lets two schedulers claim side by side: who finds the first ones locked takes the next ones. Reads
--   what it locks and what it skips, in the order of contacts_due, however many contacts there are.
-- placed: the partial unique index refuses a number that is ringing anywhere. By number, so that two claims that
--   meet wait for each other in one order and can't deadlock.
-- postponed: whoever is ringing elsewhere stays queued, but leaves the head so that it does not starve the rest.
-- ANY(ARRAY(…)): the planner can't know how few are locked, and would scan the whole table for the rows to change.
WITH campaign AS MATERIALIZED (
    SELECT id, flow_version_id, ring_timeout_s, max_call_s FROM campaigns
    WHERE id = %(campaign_id)s AND state = 'active' FOR SHARE
), line AS MATERIALIZED (
    SELECT g.id AS gateway_id, g.name AS gateway, c.caller_id_choice,
        array_agg(i.phone ORDER BY ci.place, i.id) AS caller_ids
    FROM campaign_caller_ids ci
    JOIN campaigns c ON c.id = ci.campaign_id
    JOIN gateways g ON g.id = ci.gateway_id AND g.is_enabled
    JOIN caller_ids i ON i.id = ci.caller_id_id AND i.gateway_id = g.id
    WHERE ci.project_id = 1 AND ci.campaign_id = %(campaign_id)s AND ci.gateway_id = %(gateway_id)s
    GROUP BY g.id, c.id
), quota AS MATERIALIZED (
    -- QUOTA
), locked AS MATERIALIZED (
    SELECT taken.*,
        (SELECT b.reason FROM blacklist b
         WHERE b.project_id = 1 AND b.phone = taken.phone AND (b.expires_at IS NULL OR b.expires_at > %(now)s)
        ) AS blacklisted
    FROM quota CROSS JOIN LATERAL (
        SELECT c.id, c.phone, c.attempt_count, c.due_at FROM contacts c
        WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = quota.zone_set_id
            AND c.state IN ('queued', 'retry') AND c.due_at <= %(now)s
        ORDER BY c.due_at, c.id LIMIT quota.places
        FOR UPDATE SKIP LOCKED
    ) taken
), blocked AS (
    UPDATE contacts c
    SET state = 'blocked', disposition = 'blocked', blocked_reason = 'blacklist: ' || l.blacklisted, concluded_at = now()
    FROM locked l
    WHERE c.id = ANY(ARRAY(SELECT id FROM locked WHERE blacklisted IS NOT NULL)) AND c.id = l.id
), exhausted AS (
    UPDATE contacts c
    SET state = 'concluded', disposition = coalesce(c.disposition, 'failed'), concluded_at = now()
    WHERE c.id = ANY(ARRAY(SELECT id FROM locked WHERE blacklisted IS NULL AND attempt_count >= %(max_attempts)s))
), eligible AS MATERIALIZED (
    SELECT id, phone, attempt_count, row_number() OVER (ORDER BY due_at, id) AS place
    FROM locked WHERE blacklisted IS NULL AND attempt_count < %(max_attempts)s
), placed AS (
    INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number)
    SELECT (%(attempt_ids)s::uuid[])[e.place], campaign.id, e.id, line.gateway_id, campaign.flow_version_id, e.phone,
        shown_caller_id(line.caller_ids, line.caller_id_choice, e.phone, e.id + e.attempt_count), e.attempt_count + 1
    FROM eligible e CROSS JOIN campaign CROSS JOIN line
    ORDER BY e.phone
    ON CONFLICT (project_id, phone) WHERE concluded_at IS NULL DO NOTHING
    RETURNING id, contact_id, phone, number, caller_id
), dialing AS (
    UPDATE contacts c SET state = 'dialing', attempt_count = placed.number
    FROM placed WHERE c.id = ANY(ARRAY(SELECT contact_id FROM placed)) AND c.id = placed.contact_id
), postponed AS (
    UPDATE contacts c SET due_at = now() + make_interval(secs => %(postpone_s)s)
    WHERE c.id = ANY(ARRAY(SELECT id FROM eligible EXCEPT SELECT contact_id FROM placed))
)
SELECT placed.id AS attempt_id, placed.contact_id, campaign.id AS campaign_id, line.gateway_id, line.gateway,
    campaign.flow_version_id, placed.phone, placed.number, placed.caller_id, campaign.ring_timeout_s, campaign.max_call_s
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
        AND EXISTS (
            SELECT FROM caller_ids i
            WHERE i.project_id = 1 AND i.gateway_id = a.gateway_id AND i.phone = a.caller_id)
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
