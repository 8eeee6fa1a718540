-- create -- A list without entries.
INSERT INTO blacklists (name, note, is_global) VALUES (%(name)s, %(note)s, %(is_global)s)
ON CONFLICT (project_id, name) DO NOTHING RETURNING id

-- edit -- A list that becomes global blocks at once, by a trigger.
UPDATE blacklists SET name = %(name)s, note = %(note)s, is_global = %(is_global)s WHERE id = %(blacklist_id)s

-- no_campaigns -- Those that are not to have it any more.
DELETE FROM blacklist_campaigns WHERE blacklist_id = %(blacklist_id)s AND NOT campaign_id = ANY(%(campaign_ids)s::bigint[])

-- campaigns -- Those that are to have it; it blocks there at once, by a trigger.
INSERT INTO blacklist_campaigns (blacklist_id, campaign_id)
SELECT %(blacklist_id)s, id FROM campaigns WHERE id = ANY(%(campaign_ids)s::bigint[]) ORDER BY id
ON CONFLICT DO NOTHING

-- empty -- Every entry is recorded as removed.
DELETE FROM blacklist WHERE blacklist_id = %(blacklist_id)s

-- delete -- The list itself.
DELETE FROM blacklists WHERE id = %(blacklist_id)s AND id > 1

-- lists -- With what they hold; the general one first.
SELECT l.id, l.name, l.note, l.is_global, l.created_at,
    ARRAY(SELECT x.campaign_id FROM blacklist_campaigns x
          WHERE x.project_id = 1 AND x.blacklist_id = l.id ORDER BY x.campaign_id) AS campaign_ids,
    (SELECT count(*) FROM blacklist b
     WHERE b.blacklist_id = l.id AND (b.expires_at IS NULL OR b.expires_at > now())) AS entries,
    (SELECT count(*) FROM blacklist b WHERE b.blacklist_id = l.id AND b.expires_at <= now()) AS expired,
    (SELECT coalesce(sum(b.hits), 0)::bigint FROM blacklist b WHERE b.blacklist_id = l.id) AS hits
FROM blacklists l WHERE l.project_id = 1 AND (%(blacklist_id)s::bigint IS NULL OR l.id = %(blacklist_id)s)
ORDER BY l.id
