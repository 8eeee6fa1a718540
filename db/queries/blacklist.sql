-- add -- One entry a number; a second reason does not replace the first, but it does make an expiring one last.
INSERT INTO blacklist AS b (phone, reason, note, attempt_id, expires_at)
VALUES (%(phone)s, %(reason)s, %(note)s, %(attempt_id)s, %(expires_at)s)
ON CONFLICT (project_id, phone) DO UPDATE
SET reason = excluded.reason, note = excluded.note, attempt_id = coalesce(excluded.attempt_id, b.attempt_id),
    expires_at = excluded.expires_at
WHERE b.expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > b.expires_at)

-- waiting -- How many contacts wait with a number: listing it blocks them, by a trigger.
SELECT count(*) FROM contacts WHERE project_id = 1 AND phone = %(phone)s AND state IN ('queued', 'retry')

-- remove -- Contacts that were blocked meanwhile stay blocked.
DELETE FROM blacklist WHERE project_id = 1 AND phone = %(phone)s

-- find -- The entry of a number, if it counts today.
SELECT id, phone, reason, note, attempt_id, created_at, expires_at FROM blacklist
WHERE project_id = 1 AND phone = %(phone)s AND (expires_at IS NULL OR expires_at > now())

-- page -- Entries, newest first, of numbers that contain the text.
SELECT id, phone, reason, note, attempt_id, created_at, expires_at FROM blacklist
WHERE project_id = 1 AND (%(search)s::text = '' OR phone LIKE '%%' || %(search)s::text || '%%')
ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s

-- count -- Of the same.
SELECT count(*) FROM blacklist WHERE project_id = 1 AND (%(search)s::text = '' OR phone LIKE '%%' || %(search)s::text || '%%')

-- add_many -- As `add`, for many at once, in the order of the numbers so that two who list at once can't deadlock.
INSERT INTO blacklist AS b (phone, reason, note)
SELECT DISTINCT phone, %(reason)s::blacklist_reason, %(note)s FROM unnest(%(phones)s::text[]) AS phone ORDER BY phone
ON CONFLICT (project_id, phone) DO UPDATE
SET reason = excluded.reason, note = excluded.note, expires_at = excluded.expires_at
WHERE b.expires_at IS NOT NULL
RETURNING phone

-- every -- All entries, by number, for a file.
SELECT id, phone, reason, note, attempt_id, created_at, expires_at FROM blacklist WHERE project_id = 1 ORDER BY phone

-- by_reason -- How many entries count today, by reason.
SELECT reason::text, count(*) FROM blacklist
WHERE project_id = 1 AND (expires_at IS NULL OR expires_at > now()) GROUP BY reason ORDER BY 2 DESC, 1
