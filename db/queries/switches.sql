-- list_all -- Every switch by name, with the calls of ours on it and how fresh the news of it are.
SELECT s.id, s.name, s.host, s.port, s.max_channels, s.is_enabled, s.disabled_at, s.is_from_settings, s.core_uuid,
    s.answered_at, s.channels, s.out_because, s.seen_at, s.written_off_at, s.kept_results, coalesce(ours.count, 0) AS calls,
    extract(epoch FROM clock_timestamp() - s.seen_at)::float8 AS silent_s
FROM switches s LEFT JOIN (
    SELECT a.switch_id, count(*) FROM attempts a
    WHERE a.concluded_at IS NULL AND a.originated_at IS NOT NULL GROUP BY a.switch_id
) ours ON ours.switch_id = s.id
WHERE s.project_id = 1 ORDER BY s.name

-- kept_results -- How many results all of them keep on their disks until something stored is mended.
SELECT coalesce(sum(kept_results), 0)::int FROM switches WHERE project_id = 1

-- rows -- What a scheduler needs to know of each.
SELECT id, name, host, port, max_channels, is_enabled FROM switches WHERE project_id = 1 ORDER BY id

-- follow_settings -- The one of the settings is where the settings say.
UPDATE switches s SET host = %(host)s, port = %(port)s
WHERE s.project_id = 1 AND s.is_from_settings AND (s.host, s.port) IS DISTINCT FROM (%(host)s, %(port)s)
    AND NOT EXISTS (SELECT FROM switches o WHERE o.project_id = 1 AND o.host = %(host)s AND o.port = %(port)s)

-- create_default -- An installation that knows no switch yet has the one of its settings.
INSERT INTO switches (name, host, port, is_from_settings)
SELECT 'default', %(host)s, %(port)s, true WHERE NOT EXISTS (SELECT FROM switches WHERE project_id = 1)
ON CONFLICT DO NOTHING
RETURNING id

-- adopt -- Calls that were up before there was a table are that one's.
UPDATE attempts SET switch_id = %(id)s WHERE concluded_at IS NULL AND originated_at IS NOT NULL AND switch_id IS NULL

-- seen -- What the leading scheduler sees.
UPDATE switches
SET core_uuid = coalesce(%(core_uuid)s, core_uuid), channels = %(channels)s, out_because = %(out_because)s,
    kept_results = %(kept_results)s,
    answered_at = greatest(answered_at, now() - make_interval(secs => %(silent_s)s)), seen_at = now()
WHERE id = %(id)s

-- heard -- When each answered some scheduler, whether that leads or not. Locked in one order by all who write.
WITH heard AS (
    SELECT s.id, h.silent_s
    FROM switches s JOIN unnest(%(ids)s::bigint[], %(silent_s)s::float8[]) AS h(id, silent_s) ON h.id = s.id
    ORDER BY s.id FOR UPDATE OF s
)
UPDATE switches s SET answered_at = greatest(s.answered_at, now() - make_interval(secs => heard.silent_s))
FROM heard WHERE s.id = heard.id

-- create -- A further one.
INSERT INTO switches (name, host, port, max_channels, is_enabled, disabled_at)
VALUES (%(name)s, %(host)s, %(port)s, %(max_channels)s, %(is_enabled)s, CASE WHEN %(is_enabled)s THEN NULL ELSE now() END)
ON CONFLICT DO NOTHING
RETURNING id

-- update -- Where it is and what it may carry; the address of the settings' own is theirs.
UPDATE switches s
SET host = CASE WHEN s.is_from_settings THEN s.host ELSE %(host)s END,
    port = CASE WHEN s.is_from_settings THEN s.port ELSE %(port)s END,
    max_channels = %(max_channels)s, is_enabled = %(is_enabled)s,
    disabled_at = CASE WHEN %(is_enabled)s THEN NULL WHEN s.is_enabled THEN now() ELSE s.disabled_at END
WHERE s.id = %(id)s AND NOT EXISTS (
    SELECT FROM switches o
    WHERE o.project_id = 1 AND o.id <> s.id AND NOT s.is_from_settings AND o.host = %(host)s AND o.port = %(port)s)

-- remove -- Only what was out long enough for every scheduler to know, and has no call: its results would find nobody.
DELETE FROM switches s
WHERE s.id = %(id)s AND NOT s.is_enabled AND s.disabled_at < now() - make_interval(secs => %(rest_s)s)
    AND NOT EXISTS (SELECT FROM attempts a WHERE a.switch_id = s.id AND a.concluded_at IS NULL)
