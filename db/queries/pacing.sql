-- paced -- The campaigns whose calls follow their operators.
SELECT campaign_id FROM campaign_pacing WHERE project_id = 1 AND mode <> 'fixed'

-- put -- What an admin sets; what was learnt stays. What the campaign did before it was paced, at first or again, is no news.
INSERT INTO campaign_pacing (campaign_id, mode, operators, lines_per_operator, abandon_cap, ended, transferred, abandoned)
SELECT %(campaign_id)s, %(mode)s::pacing_mode, %(operators)s, %(lines_per_operator)s, %(abandon_cap)s, coalesce(sum(t.attempts), 0),
    coalesce(sum(t.attempts) FILTER (WHERE t.disposition = 'transferred'), 0),
    (SELECT count(*) FROM attempts a WHERE a.campaign_id = %(campaign_id)s AND a.no_operator)
FROM campaign_tallies t WHERE t.project_id = 1 AND t.campaign_id = %(campaign_id)s
ON CONFLICT (project_id, campaign_id) DO UPDATE
SET mode = excluded.mode, operators = excluded.operators, lines_per_operator = excluded.lines_per_operator,
    abandon_cap = excluded.abandon_cap,
    ended = CASE WHEN campaign_pacing.mode = 'fixed' THEN excluded.ended ELSE campaign_pacing.ended END,
    transferred = CASE WHEN campaign_pacing.mode = 'fixed' THEN excluded.transferred ELSE campaign_pacing.transferred END,
    abandoned = CASE WHEN campaign_pacing.mode = 'fixed' THEN excluded.abandoned ELSE campaign_pacing.abandoned END

-- get -- The rules and what was learnt.
SELECT mode, operators, lines_per_operator::float8 AS lines_per_operator, abandon_cap::float8 AS abandon_cap, state,
    ended, transferred, abandoned
FROM campaign_pacing WHERE project_id = 1 AND campaign_id = %(campaign_id)s

-- locked -- Ends `get` for whoever changes what was learnt and waits for those that decide.
FOR UPDATE

-- locked_or_none -- Ends `get` for whoever decides. While another scheduler decides and claims there is no row: waiting for
-- it would hold up the other campaigns, and a scheduler that hangs in between would hold up all others.
FOR UPDATE SKIP LOCKED

-- begin -- A claim's commit need not wait for the disk (claims.sql, begin). What was learnt with it would be learnt again.
SELECT set_config('synchronous_commit', 'off', true)

-- live -- Calls on their way, and those that asked for an operator and are in talk or wait.
SELECT count(*) FILTER (WHERE outcome IS DISTINCT FROM 'transferred'), count(*) FILTER (WHERE outcome = 'transferred')
FROM attempts WHERE campaign_id = %(campaign_id)s AND concluded_at IS NULL

-- totals -- Attempts ended, those that asked for an operator, those of them who got none. From roll-ups.
SELECT coalesce(sum(attempts), 0)::bigint, coalesce(sum(attempts) FILTER (WHERE disposition = 'transferred'), 0)::bigint,
    (SELECT count(*) FROM attempts a WHERE a.campaign_id = %(campaign_id)s AND a.no_operator AND a.concluded_at IS NOT NULL)
FROM campaign_tallies WHERE project_id = 1 AND campaign_id = %(campaign_id)s

-- durations -- Of the latest that asked: seconds until they did, and in talk with an operator.
SELECT avg(extract(epoch FROM outcome_at - originated_at))::float8,
    avg(extract(epoch FROM ended_at - outcome_at)) FILTER (WHERE NOT no_operator)::float8
FROM (
    SELECT originated_at, outcome_at, ended_at, no_operator FROM attempts
    WHERE campaign_id = %(campaign_id)s AND disposition = 'transferred' AND claimed_at > %(now)s - interval '2 hours'
    ORDER BY claimed_at DESC LIMIT %(latest)s
) latest

-- learn -- What is known from now on.
UPDATE campaign_pacing
SET state = %(state)s, ended = %(ended)s, transferred = %(transferred)s, abandoned = %(abandoned)s
WHERE project_id = 1 AND campaign_id = %(campaign_id)s

-- note_no_operator -- The callee asked, and nobody was there.
UPDATE attempts SET no_operator = true WHERE id = %(attempt_id)s
