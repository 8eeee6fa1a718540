-- standings -- What the claim would do with each contact that waits, by zone set, and from when it may be dialled.
--
-- Judged by the claim's own pieces. Their facts are joined here for all contacts at once; the claim looks them up for
-- the few at the head of the queue. never: whose hours never open. OFFSET 0: what was judged is not judged once more
-- where it is named, and the planner, told nothing of it, counts in memory instead of sorting a million rows on disk.
WITH rules AS MATERIALIZED (
    -- RULES
), period AS MATERIALIZED (
    -- PERIODS
), made AS (
    SELECT c.id, -- MADE
    FROM rules CROSS JOIN contacts c JOIN period ON period.zone_set_id = c.zone_set_id
    JOIN attempts a ON a.project_id = 1 AND a.phone = c.phone AND a.claimed_at >= least(period.week, period.month)
    WHERE c.campaign_id = %(campaign_id)s AND c.state IN ('queued', 'retry')
    GROUP BY c.id
), judged AS (
    SELECT c.id, c.zone_set_id, c.due_at, c.phone, -- REFUSAL
        AS refusal, -- EXHAUSTED
        AS is_exhausted, -- LIMITED_UNTIL
        AS limited_until
    FROM rules CROSS JOIN contacts c LEFT JOIN period ON period.zone_set_id = c.zone_set_id
    LEFT JOIN blocked_numbers(%(campaign_id)s, %(now)s) listed ON listed.phone = c.phone
    LEFT JOIN made ON made.id = c.id
    WHERE c.campaign_id = %(campaign_id)s AND c.state IN ('queued', 'retry')
    OFFSET 0
), standing AS (
    SELECT j.zone_set_id, greatest(j.due_at, j.limited_until) AS from_at, CASE
        WHEN j.refusal IS NOT NULL THEN j.refusal
        WHEN j.is_exhausted THEN 'no_attempts_left'
        WHEN j.zone_set_id = ANY(%(never)s::integer[]) THEN 'never'
        WHEN j.limited_until IS NOT NULL THEN 'limited'
        WHEN j.due_at > %(now)s THEN 'later'
        WHEN NOT j.zone_set_id = ANY(%(zone_sets)s::integer[]) THEN 'closed'
        WHEN a.phone IS NOT NULL THEN 'ringing'
        ELSE 'ready' END AS standing
    FROM judged j LEFT JOIN attempts a ON a.project_id = 1 AND a.phone = j.phone AND a.concluded_at IS NULL
    OFFSET 0
)
SELECT zone_set_id, standing, count(*) AS contacts, min(from_at) AS first_at FROM standing
GROUP BY zone_set_id, standing

-- room -- How many calls the day's budgets leave; NULL: there is none.
WITH rules AS MATERIALIZED (
    -- RULES
)
-- ROOM

-- calls_per_day -- The smaller budget of calls, the campaign's or that of all; NULL: neither is there.
SELECT least(k.max_calls_per_day, p.max_calls_per_day) FROM campaigns k JOIN projects p ON p.id = 1
WHERE k.id = %(campaign_id)s

-- blocked -- Those who will not be dialled any more, by reason.
SELECT coalesce(blocked_reason, ''), count(*) FROM contacts
WHERE campaign_id = %(campaign_id)s AND state = 'blocked' GROUP BY 1 ORDER BY 2 DESC, 1

-- calls_up -- Attempts that are open.
SELECT count(*) FROM attempts WHERE campaign_id = %(campaign_id)s AND concluded_at IS NULL

-- call_s -- How long its last calls held their channels, on average.
SELECT avg(extract(epoch FROM ended_at - originated_at))::float8 FROM (
    SELECT ended_at, originated_at FROM attempts
    WHERE campaign_id = %(campaign_id)s AND concluded_at IS NOT NULL AND originated_at IS NOT NULL
    ORDER BY claimed_at DESC LIMIT 500
) latest
