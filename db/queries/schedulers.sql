-- beat -- By the database's clock, so that no host's clock makes a scheduler look dead.
INSERT INTO schedulers (id, started_at, seen_at, last_round_at, held_by, is_leader)
VALUES (%(id)s, %(started_at)s, now(), %(last_round_at)s, %(held_by)s, %(is_leader)s)
ON CONFLICT (id) DO UPDATE
SET started_at = excluded.started_at, seen_at = now(), last_round_at = excluded.last_round_at,
    held_by = excluded.held_by, is_leader = excluded.is_leader

-- forget -- Whoever vanished long ago.
DELETE FROM schedulers WHERE seen_at < now() - interval '1 day'

-- leave -- One that was stopped is no longer missing.
DELETE FROM schedulers WHERE id = %(id)s

-- known -- The living first.
SELECT id, started_at, last_round_at, held_by, is_leader, seen_at,
    extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent_s
FROM schedulers WHERE project_id = 1 ORDER BY seen_at DESC, id

-- upcoming -- The next runs of all schedules that count.
SELECT s.campaign_id, c.name AS campaign, c.state::text, s.next_run_at, s.time_zone
FROM campaign_schedules s JOIN campaigns c ON c.id = s.campaign_id
WHERE s.project_id = 1 AND c.state IN ('scheduled', 'active', 'paused') AND s.next_run_at IS NOT NULL
ORDER BY s.next_run_at, s.campaign_id LIMIT %(limit)s
