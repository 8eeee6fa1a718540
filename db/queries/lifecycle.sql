-- to_hang_up -- Live calls of campaigns that were stopped together with them. Who has just answered is left until the
-- message began (or a machine was heard, or it takes too long): cut off before that, a person would be abandoned.
SELECT a.id::text, a.switch_id FROM campaigns c JOIN attempts a ON a.campaign_id = c.id
WHERE c.project_id = 1 AND c.hang_up_asked_at > now() - interval '1 day'
    AND a.concluded_at IS NULL AND a.originated_at IS NOT NULL
    AND (a.answered_at IS NULL OR a.message_started_at IS NOT NULL OR a.outcome IS NOT NULL
        OR a.answered_at < now() - make_interval(secs => %(patience_s)s))
ORDER BY a.id

-- lock_dialing -- Campaigns that may be over; one that is being moved or imported into waits for the next look.
SELECT id FROM campaigns WHERE project_id = 1 AND state = 'active' ORDER BY id FOR UPDATE SKIP LOCKED

-- block_never_open -- Everybody who waits is where no window ever opens: they are out, with the reason. A statement of
-- its own, as complete_finished is: its snapshot is newer than the lock.
UPDATE contacts
SET state = 'blocked', disposition = CASE WHEN state = 'queued' THEN 'blocked' ELSE coalesce(disposition, 'blocked') END,
    blocked_reason = 'hours: never', concluded_at = now()
WHERE campaign_id = %(campaign_id)s AND state IN ('queued', 'retry')
    AND NOT EXISTS (
        SELECT FROM contacts o WHERE o.campaign_id = %(campaign_id)s AND o.state IN ('queued', 'retry')
            AND NOT o.zone_set_id = ANY(%(never)s::integer[]))
    AND NOT EXISTS (SELECT FROM attempts a WHERE a.campaign_id = %(campaign_id)s AND a.concluded_at IS NULL)

-- lock_active -- Campaigns that may be finished; one that is being paused or imported into waits for the next look.
-- A pause of the schedule's keeps none from being over; whoever paused it otherwise may have plans with it.
SELECT id FROM campaigns
WHERE project_id = 1 AND (state = 'active' OR state = 'paused' AND pause_reason = 'schedule')
ORDER BY id FOR UPDATE SKIP LOCKED

-- complete_finished -- A statement of its own: its snapshot is newer than the locks, so it sees a finished import.
UPDATE campaigns c SET state = 'completed', ended_at = now(), pause_reason = NULL
WHERE c.id = ANY(%(campaign_ids)s::bigint[]) AND c.state IN ('active', 'paused')
    AND NOT EXISTS (SELECT FROM contacts WHERE campaign_id = c.id AND state IN ('queued', 'retry'))
    AND NOT EXISTS (SELECT FROM attempts WHERE campaign_id = c.id AND concluded_at IS NULL)
RETURNING c.id
