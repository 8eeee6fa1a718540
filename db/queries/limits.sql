-- profiles -- All, by name, with the campaigns that keep them and are not over.
SELECT p.id, p.name, p.per_day, p.per_week, p.per_month, (
        SELECT count(*) FROM campaigns k WHERE k.limit_profile_id = p.id AND k.state NOT IN ('completed', 'archived')
    ) AS campaigns
FROM limit_profiles p WHERE p.project_id = 1 ORDER BY p.name

-- add_profile -- A name is taken once.
INSERT INTO limit_profiles (name, per_day, per_week, per_month)
VALUES (%(name)s, %(per_day)s, %(per_week)s, %(per_month)s) ON CONFLICT (project_id, name) DO NOTHING RETURNING id

-- profile -- One, with the campaigns that keep it and are not over.
SELECT p.id, p.name, p.per_day, p.per_week, p.per_month, (
        SELECT count(*) FROM campaigns k WHERE k.limit_profile_id = p.id AND k.state NOT IN ('completed', 'archived')
    ) AS campaigns
FROM limit_profiles p WHERE p.project_id = 1 AND p.id = %(id)s

-- change_profile -- Claims keep the new numbers from the next one on. A name is taken once.
UPDATE limit_profiles SET name = %(name)s, per_day = %(per_day)s, per_week = %(per_week)s, per_month = %(per_month)s
WHERE project_id = 1 AND id = %(id)s
    AND NOT EXISTS (SELECT FROM limit_profiles o WHERE o.project_id = 1 AND o.name = %(name)s AND o.id <> %(id)s)

-- look_again -- Whom limits put off before a first call comes back to the queue of a campaign, or of those that keep a
-- profile, for the claim to judge by the new ones; who waits for a retry keeps its time, which nobody could tell apart.
UPDATE contacts c SET due_at = now()
FROM campaigns k
WHERE k.project_id = 1 AND (k.limit_profile_id = %(profile_id)s OR k.id = %(campaign_id)s) AND k.state IN ('draft', 'scheduled', 'active', 'paused')
    AND c.campaign_id = k.id AND c.state = 'queued' AND c.due_at > now()

-- remove_profile -- Only while no campaign refers to it, not even one that is over.
DELETE FROM limit_profiles p WHERE p.project_id = 1 AND p.id = %(id)s
    AND NOT EXISTS (SELECT FROM campaigns k WHERE k.limit_profile_id = p.id)

-- refused_count -- Of those whose prefix or note contains the text.
SELECT count(*) FROM refused_prefixes
WHERE project_id = 1 AND (%(search)s::text = '' OR strpos(prefix, %(search)s) > 0 OR strpos(note, %(search)s) > 0)

-- refused -- By prefix.
SELECT prefix, note FROM refused_prefixes
WHERE project_id = 1 AND (%(search)s::text = '' OR strpos(prefix, %(search)s) > 0 OR strpos(note, %(search)s) > 0)
ORDER BY prefix LIMIT %(limit)s

-- refuse -- A prefix that is there gets the new note.
INSERT INTO refused_prefixes (prefix, note) VALUES (%(prefix)s, %(note)s)
ON CONFLICT (project_id, prefix) DO UPDATE SET note = excluded.note

-- allow -- Numbers that begin so may be dialled again.
DELETE FROM refused_prefixes WHERE project_id = 1 AND prefix = %(prefix)s

-- budgets -- Of all campaigns together.
SELECT max_calls_per_day, max_minutes_per_day FROM projects WHERE id = 1

-- set_budgets -- NULL: none.
UPDATE projects SET max_calls_per_day = %(max_calls_per_day)s, max_minutes_per_day = %(max_minutes_per_day)s
WHERE id = 1

-- unfinished -- Campaigns whose queues a changed rule concerns.
SELECT id FROM campaigns WHERE project_id = 1 AND state IN ('draft', 'scheduled', 'active', 'paused') ORDER BY id
