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

-- rules -- What one campaign asks of a contact. `refused`: the prefixes that cost extra, as far as they can concern it: a
-- range of the index for each beginning, from it to where its digits end (a colon follows 9).
SELECT k.id, k.flow_version_id, k.ring_timeout_s, k.max_call_s, k.time_zone, k.requires_consent, k.max_calls_per_day,
    k.max_minutes_per_day, l.per_day, l.per_week, l.per_month, costly.refused, costly.refused_pattern
FROM campaigns k LEFT JOIN limit_profiles l ON l.id = k.limit_profile_id CROSS JOIN (
    SELECT array_agg(f.prefix || '%%') AS refused, '^(' || string_agg('\' || f.prefix, '|') || ')' AS refused_pattern
    FROM unnest(%(calling_codes)s::text[]) AS code(begins) CROSS JOIN LATERAL (
        SELECT f.prefix FROM refused_prefixes f
        WHERE f.project_id = 1 AND f.prefix >= code.begins AND f.prefix < code.begins || ':' ORDER BY f.prefix
    ) f
) costly
WHERE k.id = %(campaign_id)s

-- refusal -- Why contact `c` may not be called at all, as `rule: detail`; NULL: nothing speaks against it.
-- LIKE: a regular expression takes PostgreSQL as long as forty prefixes take, and most campaigns have fewer.
CASE
    WHEN listed.reason IS NOT NULL THEN 'blacklist: ' || listed.reason
    WHEN rules.requires_consent AND (c.consent_at IS NULL OR c.consent_at > %(now)s) THEN 'consent: none'
    WHEN CASE WHEN cardinality(%(allowed)s::text[]) > 20 THEN NOT c.phone ~ %(allowed_pattern)s
        ELSE NOT c.phone LIKE ANY(%(allowed)s::text[]) END THEN 'destination: not_allowed'
    WHEN CASE WHEN cardinality(rules.refused) > 20 THEN c.phone ~ rules.refused_pattern
        ELSE c.phone LIKE ANY(rules.refused) END THEN 'destination: premium_rate'
END

-- exhausted -- Whether the campaign has no further attempt for contact `c`; who asked to be called back is called.
(c.attempt_count >= %(max_attempts)s AND c.callback_at IS NULL)

-- limited_until -- Until when contact `c` was called often enough, by all campaigns or by this one; NULL: it was not.
greatest(
    CASE WHEN made.own_day >= %(max_per_day)s OR made.day >= rules.per_day THEN period.next_day END,
    CASE WHEN made.week >= rules.per_week THEN period.next_week END,
    CASE WHEN made.month >= rules.per_month THEN period.next_month END)

-- made -- The calls to `c`'s number in the periods of its zones; every attempt counts, whatever came of it.
count(*) FILTER (WHERE a.claimed_at >= period.day) AS day,
count(*) FILTER (WHERE a.claimed_at >= period.week) AS week,
count(*) FILTER (WHERE a.claimed_at >= period.month) AS month,
count(*) FILTER (WHERE a.claimed_at >= period.day AND a.contact_id = c.id) AS own_day

-- periods -- Day, week and month at this moment where a zone set's contacts may be. Of several zones the period that
-- began first counts, and it is over when it is over in all of them. No rows when nothing limits by period.
SELECT z.id AS zone_set_id, min(local.day) AS day, min(local.week) AS week, min(local.month) AS month,
    max(date_trunc('day', local.day + interval '30 hours', zone.name)) AS next_day,
    max(date_trunc('week', local.week + interval '180 hours', zone.name)) AS next_week,
    max(date_trunc('month', local.month + interval '32 days', zone.name)) AS next_month
FROM zone_sets z CROSS JOIN unnest(z.zones) AS zone(name) CROSS JOIN LATERAL (
    SELECT date_trunc('day', %(now)s::timestamptz, zone.name) AS day,
        date_trunc('week', %(now)s::timestamptz, zone.name) AS week,
        date_trunc('month', %(now)s::timestamptz, zone.name) AS month
) local
WHERE z.id = ANY(%(limited_sets)s::integer[])
    AND (%(max_per_day)s::integer IS NOT NULL
        OR (SELECT coalesce(rules.per_day, rules.per_week, rules.per_month) FROM rules) IS NOT NULL)
GROUP BY z.id

-- room -- How many calls the day's budgets leave, its own and that of all campaigns; NULL: there is no budget. Minutes
-- hold the longest that the calls that are up may still take. The day is the campaign's own.
SELECT least(
    CASE WHEN rules.max_calls_per_day IS NOT NULL THEN
        rules.max_calls_per_day
        - (SELECT coalesce(sum(t.attempts), 0) FROM campaign_tallies t
           WHERE t.project_id = 1 AND t.day = today.day AND t.campaign_id = rules.id)
        - (SELECT count(*) FROM attempts a WHERE a.campaign_id = rules.id AND a.concluded_at IS NULL) END,
    CASE WHEN rules.max_minutes_per_day IS NOT NULL THEN
        floor((rules.max_minutes_per_day::bigint * 60
        - (SELECT coalesce(sum(t.billsec), 0) FROM campaign_tallies t
           WHERE t.project_id = 1 AND t.day = today.day AND t.campaign_id = rules.id)
        ) / rules.max_call_s)
        - (SELECT count(*) FROM attempts a WHERE a.campaign_id = rules.id AND a.concluded_at IS NULL) END,
    CASE WHEN p.max_calls_per_day IS NOT NULL THEN
        p.max_calls_per_day
        - (SELECT coalesce(sum(t.attempts), 0) FROM campaign_tallies t WHERE t.project_id = 1 AND t.day = today.day)
        - (SELECT count(*) FROM attempts a WHERE a.concluded_at IS NULL) END,
    CASE WHEN p.max_minutes_per_day IS NOT NULL THEN
        floor((p.max_minutes_per_day::bigint * 60
        - (SELECT coalesce(sum(t.billsec), 0) FROM campaign_tallies t WHERE t.project_id = 1 AND t.day = today.day)
        - (SELECT coalesce(sum(k.max_call_s), 0) FROM attempts a JOIN campaigns k ON k.id = a.campaign_id
           WHERE a.concluded_at IS NULL)
        ) / rules.max_call_s) END
)::bigint AS calls
FROM rules JOIN projects p ON p.id = 1
CROSS JOIN LATERAL (SELECT (%(now)s::timestamptz AT TIME ZONE rules.time_zone)::date AS day) today

-- shown -- Which of the line's caller IDs contact `e` sees. By the number: the one that ranks first for it, in every campaign
-- and at every attempt; a caller ID that comes or goes changes it only for the numbers that it ranks first for. Else in
-- turn. No function of its own: PostgreSQL would run it as a query of its own for every row.
CASE line.caller_id_choice
    WHEN 'rotate' THEN line.caller_ids[1 + (e.id + e.attempt_count) %% cardinality(line.caller_ids)]
    ELSE CASE WHEN cardinality(line.caller_ids) = 1 THEN line.caller_ids[1] ELSE
        (SELECT i FROM unnest(line.caller_ids) i ORDER BY hashtextextended(i || e.phone, 0), i LIMIT 1) END
END

-- begin -- What a claim's transaction does first, in one round trip.
--
-- headed: whoever chose a time that has come goes to the head of the queue, before all that is due.
-- is_alone: the commit of a transaction that is nothing but a claim need not wait for the disk. A server that crashes may
--   forget it, and then it was none: marking the attempts, which comes before the wire, makes both durable.
-- is_budgeted: claims that a budget bounds wait for each other, so that two never spend the same rest of it.
WITH headed AS (
    UPDATE contacts SET due_at = callback_at - interval '50 years'
    WHERE id = ANY(ARRAY(
        SELECT id FROM contacts
        WHERE campaign_id = %(campaign_id)s AND state = 'retry' AND callback_at <= %(now)s AND due_at <= %(now)s
            AND due_at >= callback_at
        ORDER BY callback_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
)
SELECT CASE WHEN %(is_alone)s THEN set_config('synchronous_commit', 'off', true) END,
    CASE WHEN %(is_budgeted)s THEN pg_advisory_xact_lock(%(space)s, 0)::text END

-- quota_of_one -- With one zone set open, all places are its own.
SELECT (%(zone_sets)s::integer[])[1] AS zone_set_id, allowance.places FROM allowance

-- quota_of_many -- The first of the merged heads, counted by set.
-- ORDER BY over UNION ALL is an ordered merge of index scans: it reads an entry a place, and one more a set.
SELECT merged.zone_set_id, count(*) AS places
FROM (
    SELECT heads.zone_set_id FROM (
        -- HEADS
    ) heads ORDER BY heads.due_at, heads.id LIMIT (SELECT places FROM allowance)
) merged
GROUP BY merged.zone_set_id

-- head -- One zone set's queue; PLACE is where it stands among the open ones. Its own ORDER BY makes the merge possible.
(SELECT c.zone_set_id, c.due_at, c.id FROM contacts c
WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = (%(zone_sets)s::integer[])[PLACE]
    AND c.state IN ('queued', 'retry') AND c.due_at <= %(now)s
ORDER BY c.due_at, c.id LIMIT %(looked_at)s)

-- claim -- The dial boundary: every rule, for every attempt, in one statement.
--
-- rules: FOR SHARE makes a pause wait for this claim and this claim see a pause that came before it.
-- line: the gateway must be the campaign's and enabled, its caller IDs registered on it. No row: nothing is locked.
-- allowance: how many may be looked at; none at all when a day's budget is spent.
-- quota: how many each open zone set may give, so that over all sets the first due come first. From contacts_due alone.
-- locked: SKIP LOCKED lets two schedulers claim side by side: who finds the first ones locked takes the next ones. Reads
--   what it locks and what it skips, in the order of contacts_due, however many contacts there are.
-- placed: the partial unique index refuses a number that is ringing anywhere. By number, so that two claims that
--   meet wait for each other in one order and can't deadlock.
-- put_off: whoever is ringing elsewhere or was called often enough stays in the queue, but leaves its head so that the
--   rest does not starve.
-- ANY(ARRAY(…)): the planner can't know how few are locked, and would scan the whole table for the rows to change.
WITH rules AS MATERIALIZED (
    -- RULES
    AND k.state = 'active' FOR SHARE OF k
), line AS MATERIALIZED (
    SELECT g.id AS gateway_id, g.name AS gateway, c.caller_id_choice,
        array_agg(i.phone ORDER BY ci.place, i.id) AS caller_ids
    FROM campaign_caller_ids ci
    JOIN campaigns c ON c.id = ci.campaign_id
    JOIN gateways g ON g.id = ci.gateway_id AND g.is_enabled
    JOIN caller_ids i ON i.id = ci.caller_id_id AND i.gateway_id = g.id
    WHERE ci.project_id = 1 AND ci.campaign_id = %(campaign_id)s AND ci.gateway_id = %(gateway_id)s
    GROUP BY g.id, c.id
), room AS MATERIALIZED (
    -- ROOM
), allowance AS MATERIALIZED (
    SELECT least(%(wanted)s, CASE WHEN room.calls < 0 THEN 0 ELSE room.calls END) AS calls,
        CASE WHEN room.calls <= 0 THEN 0 ELSE %(looked_at)s END::bigint AS places
    FROM room CROSS JOIN line
), period AS MATERIALIZED (
    -- PERIODS
), quota AS MATERIALIZED (
    -- QUOTA
), locked AS MATERIALIZED (
    SELECT c.id, c.phone, c.attempt_count, c.due_at, quota.zone_set_id, -- REFUSAL
        AS refusal, -- EXHAUSTED
        AS is_exhausted, -- LIMITED_UNTIL
        AS limited_until
    FROM quota LEFT JOIN period ON period.zone_set_id = quota.zone_set_id CROSS JOIN rules CROSS JOIN LATERAL (
        SELECT c.id, c.phone, c.attempt_count, c.due_at, c.consent_at, c.callback_at FROM contacts c
        WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id = quota.zone_set_id
            AND c.state IN ('queued', 'retry') AND c.due_at <= %(now)s
        ORDER BY c.due_at, c.id LIMIT quota.places
        FOR UPDATE SKIP LOCKED
    ) c CROSS JOIN LATERAL (
        SELECT (SELECT e.reason FROM blocking_entry(%(campaign_id)s, c.phone, %(now)s) e) AS reason
    ) listed CROSS JOIN LATERAL (
        SELECT -- MADE
        FROM attempts a
        WHERE a.project_id = 1 AND a.phone = c.phone AND a.claimed_at >= least(period.week, period.month)
    ) made
), blocked AS (
    UPDATE contacts c
    SET state = 'blocked', disposition = coalesce(c.disposition, 'blocked'), blocked_reason = l.refusal,
        concluded_at = now()
    FROM locked l
    WHERE c.id = ANY(ARRAY(SELECT id FROM locked WHERE refusal IS NOT NULL)) AND c.id = l.id
), exhausted AS (
    UPDATE contacts c
    SET state = 'concluded', disposition = coalesce(c.disposition, 'failed'), concluded_at = now()
    WHERE c.id = ANY(ARRAY(SELECT id FROM locked WHERE refusal IS NULL AND is_exhausted))
), eligible AS MATERIALIZED (
    SELECT id, phone, attempt_count, zone_set_id, row_number() OVER (ORDER BY due_at, id) AS place
    FROM locked WHERE refusal IS NULL AND NOT is_exhausted AND limited_until IS NULL
    ORDER BY due_at, id LIMIT (SELECT calls FROM allowance)
), placed AS (
    INSERT INTO attempts (id, campaign_id, contact_id, gateway_id, flow_version_id, phone, caller_id, number)
    SELECT (%(attempt_ids)s::uuid[])[e.place], rules.id, e.id, line.gateway_id, rules.flow_version_id, e.phone,
        -- SHOWN
        AS caller_id, e.attempt_count + 1
    FROM eligible e CROSS JOIN rules CROSS JOIN line
    ORDER BY e.phone
    ON CONFLICT (project_id, phone) WHERE concluded_at IS NULL DO NOTHING
    RETURNING id, contact_id, phone, number, caller_id
), dialing AS (
    UPDATE contacts c SET state = 'dialing', attempt_count = c.attempt_count + 1
    WHERE c.id = ANY(ARRAY(SELECT contact_id FROM placed))
), put_off AS MATERIALIZED (
    SELECT id, %(now)s::timestamptz + make_interval(secs => %(postpone_s)s) AS due_at FROM eligible
    WHERE id NOT IN (SELECT contact_id FROM placed)
    UNION ALL
    SELECT id, limited_until FROM locked WHERE refusal IS NULL AND NOT is_exhausted AND limited_until IS NOT NULL
), postponed AS (
    UPDATE contacts c SET due_at = put_off.due_at
    FROM put_off WHERE c.id = ANY(ARRAY(SELECT id FROM put_off)) AND c.id = put_off.id
)
SELECT placed.id::text AS attempt_id, placed.contact_id, rules.id AS campaign_id, line.gateway_id, line.gateway,
    rules.flow_version_id, placed.phone, placed.number, placed.caller_id, rules.ring_timeout_s, rules.max_call_s,
    (SELECT coalesce((v.definition->'amd'->>'hears_early_media')::boolean, false)
     FROM flow_versions v WHERE v.id = (SELECT flow_version_id FROM rules)) AS hears_early_media,
    -- By its place, which its id has too: a join of the two would compare each of a hundred with each.
    (SELECT array_agg(e.zone_set_id ORDER BY e.place) FROM eligible e)[array_position(%(attempt_ids)s::uuid[], placed.id)]
        AS zone_set_id
FROM placed CROSS JOIN rules CROSS JOIN line

-- block_refused -- Whoever waits and may not be called by the campaign's rules as they are now leaves the queue.
WITH rules AS MATERIALIZED (
    -- RULES
), judged AS MATERIALIZED (
    SELECT c.id, -- REFUSAL
        AS refusal
    FROM contacts c CROSS JOIN rules
        LEFT JOIN LATERAL blocking_entry(%(campaign_id)s, c.phone, %(now)s) listed ON true
    WHERE c.campaign_id = %(campaign_id)s AND c.state IN ('queued', 'retry')
        AND (%(contact_id)s::bigint IS NULL OR c.id = %(contact_id)s)
)
UPDATE contacts c
SET state = 'blocked', disposition = coalesce(c.disposition, 'blocked'), blocked_reason = judged.refusal,
    concluded_at = now()
FROM judged WHERE c.id = judged.id AND judged.refusal IS NOT NULL AND c.state IN ('queued', 'retry')

-- readmit -- Whom the campaign's own rules kept out and no longer do waits again.
WITH rules AS MATERIALIZED (
    -- RULES
    AND k.state IN ('draft', 'scheduled', 'active', 'paused')
), judged AS MATERIALIZED (
    SELECT c.id, -- REFUSAL
        AS refusal
    FROM contacts c CROSS JOIN rules
        LEFT JOIN LATERAL blocking_entry(%(campaign_id)s, c.phone, %(now)s) listed ON true
    WHERE c.campaign_id = %(campaign_id)s AND c.state = 'blocked'
        AND (%(contact_id)s::bigint IS NULL OR c.id = %(contact_id)s)
        AND split_part(c.blocked_reason, ':', 1) IN ('consent', 'destination')
)
UPDATE contacts c
SET state = CASE WHEN c.attempt_count = 0 THEN 'queued' ELSE 'retry' END::contact_state,
    disposition = nullif(c.disposition, 'blocked'),
    blocked_reason = NULL, concluded_at = NULL
FROM judged WHERE c.id = judged.id AND judged.refusal IS NULL AND c.state = 'blocked'

-- mark_originated -- Once only (originated_at IS NULL), and only while the campaign dials and the number is not listed.
WITH marked AS MATERIALIZED (
    SELECT a.id FROM attempts a JOIN campaigns c ON c.id = a.campaign_id
    WHERE a.id = ANY(%(attempt_ids)s::uuid[]) AND a.originated_at IS NULL AND a.concluded_at IS NULL
        AND c.state = 'active'
        AND NOT EXISTS (SELECT FROM blocking_entry(a.campaign_id, a.phone, now()))
        AND EXISTS (
            SELECT FROM caller_ids i
            WHERE i.project_id = 1 AND i.gateway_id = a.gateway_id AND i.phone = a.caller_id)
        AND (%(switch_id)s::bigint IS NULL
            OR EXISTS (SELECT FROM switches s WHERE s.id = %(switch_id)s AND s.is_enabled))
    ORDER BY a.id FOR UPDATE OF a FOR SHARE OF c
)
UPDATE attempts a SET originated_at = now(), switch_core_uuid = %(core_uuid)s, switch_id = %(switch_id)s
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
