-- save -- One per campaign; what was due under the old one is over.
INSERT INTO campaign_schedules AS s (
    campaign_id, time_zone, start_at, stop_at, cron, pause_cron, late_start_s)
VALUES (
    %(campaign_id)s, %(time_zone)s, %(start_at)s, %(stop_at)s, %(cron)s, %(pause_cron)s, %(late_start_s)s)
ON CONFLICT (project_id, campaign_id) DO UPDATE
SET time_zone = excluded.time_zone, start_at = excluded.start_at, stop_at = excluded.stop_at, cron = excluded.cron,
    pause_cron = excluded.pause_cron, late_start_s = excluded.late_start_s, handled_until = now(), next_run_at = now()

-- remove -- The log stays.
DELETE FROM campaign_schedules WHERE campaign_id = %(campaign_id)s

-- get -- A campaign's schedule.
SELECT time_zone, start_at, stop_at, cron, pause_cron, late_start_s
FROM campaign_schedules WHERE campaign_id = %(campaign_id)s

-- take -- One schedule to look at. SKIP LOCKED: while one scheduler looks, another takes the next one; `handled` then
-- moves next_run_at ahead in the same transaction, so that each run is seen once. The database's clock serves them all.
SELECT s.campaign_id, s.time_zone, s.start_at, s.stop_at, s.cron, s.pause_cron, s.late_start_s, s.handled_until,
    coalesce(%(now)s::timestamptz, clock_timestamp()) AS now
FROM campaign_schedules s JOIN campaigns c ON c.id = s.campaign_id
WHERE s.next_run_at <= coalesce(%(now)s::timestamptz, clock_timestamp())
    AND c.state IN ('scheduled', 'active', 'paused')
ORDER BY s.next_run_at, s.campaign_id LIMIT 1
FOR UPDATE OF s SKIP LOCKED

-- lock_campaign -- After its schedule: nobody moves it until the run is over.
SELECT state::text, pause_reason::text FROM campaigns WHERE id = %(campaign_id)s FOR UPDATE

-- handled -- Everything up to now is in the log.
UPDATE campaign_schedules SET handled_until = %(now)s, next_run_at = %(next_run_at)s WHERE campaign_id = %(campaign_id)s

-- log -- The unique key keeps a run from being written, and so from being done, twice.
INSERT INTO campaign_runs (campaign_id, due_at, action, result, reason, runs, at)
VALUES (%(campaign_id)s, %(due_at)s, %(action)s, %(result)s, %(reason)s, %(runs)s, %(now)s)

-- runs -- A campaign's runs, newest first.
SELECT id, due_at, action, result, reason, runs, at FROM campaign_runs
WHERE project_id = 1 AND campaign_id = %(campaign_id)s
ORDER BY due_at DESC, id DESC LIMIT %(limit)s
