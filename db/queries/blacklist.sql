-- by -- Who changes entries in this transaction, and why; the triggers that record every change read it.
SELECT set_config('dialer.user_id', coalesce(%(user_id)s::text, ''), true), set_config('dialer.why', %(why)s, true)

-- add -- One entry a number and list; a second reason does not replace the first, but makes an expiring one last longer.
INSERT INTO blacklist AS b (phone, blacklist_id, reason, note, attempt_id, expires_at, added_by)
VALUES (%(phone)s, %(blacklist_id)s, %(reason)s, %(note)s, %(attempt_id)s, %(expires_at)s, %(user_id)s)
ON CONFLICT (project_id, phone, blacklist_id) DO UPDATE
SET reason = excluded.reason, note = excluded.note, attempt_id = coalesce(excluded.attempt_id, b.attempt_id),
    expires_at = excluded.expires_at
WHERE b.expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > b.expires_at)

-- waiting -- How many contacts wait with a number: listing it blocks them, by a trigger.
SELECT count(*) FROM contacts WHERE project_id = 1 AND phone = %(phone)s AND state IN ('queued', 'retry')

-- add_many -- As `add`, for many at once, in the order of the numbers so that two who list at once can't deadlock.
INSERT INTO blacklist AS b (phone, blacklist_id, reason, note, expires_at, added_by)
SELECT DISTINCT phone, %(blacklist_id)s::bigint, %(reason)s::blacklist_reason, %(note)s, %(expires_at)s::timestamptz,
    %(user_id)s::bigint
FROM unnest(%(phones)s::text[]) AS phone ORDER BY phone
ON CONFLICT (project_id, phone, blacklist_id) DO UPDATE
SET reason = excluded.reason, note = excluded.note, expires_at = excluded.expires_at
WHERE b.expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > b.expires_at)
RETURNING phone

-- edit -- Another reason, note or end.
UPDATE blacklist SET reason = %(reason)s, note = %(note)s, expires_at = %(expires_at)s WHERE id = %(entry_id)s

-- remove -- Contacts that were blocked meanwhile stay blocked.
DELETE FROM blacklist WHERE project_id = 1 AND phone = ANY(%(phones)s) AND blacklist_id = %(blacklist_id)s
RETURNING phone

-- entries -- Entries with what people ask about them; ended by a condition.
SELECT b.id, b.phone, b.blacklist_id, l.name AS list_name, b.reason, b.note, b.attempt_id, b.created_at, b.expires_at,
    u.email AS added_by, b.hits, b.last_hit_at
FROM blacklist b JOIN blacklists l ON l.id = b.blacklist_id LEFT JOIN users u ON u.id = b.added_by
WHERE b.project_id = 1

-- of_phone -- Those of a number; the ones that count today first.
AND b.phone = %(phone)s ORDER BY (b.expires_at IS NULL OR b.expires_at > now()) DESC, b.reason, b.id

-- of_id -- One.
AND b.id = %(entry_id)s

-- of_list -- All of a list, by number, for a file.
AND (%(blacklist_id)s::bigint IS NULL OR b.blacklist_id = %(blacklist_id)s) ORDER BY b.phone, b.id

-- found -- What a search asks for: a list, a reason, a part of the number.
AND (%(blacklist_id)s::bigint IS NULL OR b.blacklist_id = %(blacklist_id)s)
    AND (%(reason)s::blacklist_reason IS NULL OR b.reason = %(reason)s::blacklist_reason)
    AND (%(search)s::text = '' OR b.phone LIKE '%%' || %(search)s::text || '%%')

-- page -- Ends `found`: newest first.
ORDER BY b.id DESC LIMIT %(limit)s OFFSET %(offset)s

-- count -- Of `found`.
SELECT count(*) FROM blacklist b WHERE b.project_id = 1

-- by_reason -- How many entries count today, by reason.
SELECT reason::text, count(*) FROM blacklist
WHERE project_id = 1 AND (expires_at IS NULL OR expires_at > now()) GROUP BY reason ORDER BY 2 DESC, 1

-- by_month -- Entries added in each of the last months that were not removed again, oldest first; months of UTC.
SELECT to_char(date_trunc('month', created_at, 'UTC') AT TIME ZONE 'UTC', 'YYYY-MM'), count(*) FROM blacklist
WHERE project_id = 1 AND created_at > now() - make_interval(months => %(months)s) GROUP BY 1 ORDER BY 1

-- history -- What became of a number's entries, newest first.
SELECT c.at, c.action, c.list_name, c.reason, c.note, c.expires_at, c.attempt_id, u.email AS user_email, c.why
FROM blacklist_changes c LEFT JOIN users u ON u.id = c.user_id
WHERE c.project_id = 1 AND c.phone = %(phone)s ORDER BY c.id DESC LIMIT %(limit)s

-- announce -- Contacts that were blocked and not told of yet: told once, and counted as hits of their entries, which are
-- locked in one order.
WITH told AS MATERIALIZED (
    UPDATE contact_blocks SET announced_at = now()
    WHERE id = ANY(ARRAY(
        SELECT id FROM contact_blocks WHERE announced_at IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING id, at, campaign_id, contact_id, phone, reason, entry_id, list_name
), hit AS MATERIALIZED (
    SELECT b.id, h.hits, h.at
    FROM (SELECT entry_id, count(*) AS hits, max(at) AS at FROM told WHERE entry_id IS NOT NULL GROUP BY entry_id) h
    JOIN blacklist b ON b.id = h.entry_id
    ORDER BY b.id FOR UPDATE OF b
), counted AS (
    UPDATE blacklist b SET hits = b.hits + hit.hits, last_hit_at = hit.at FROM hit WHERE b.id = hit.id
)
SELECT id, at, campaign_id, contact_id, phone, reason, list_name FROM told ORDER BY id
