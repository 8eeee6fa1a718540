-- create -- A gateway; its name is the one of its file in the switch's configuration.
INSERT INTO gateways (name, max_channels, calls_per_second, calls_per_minute, is_enabled)
VALUES (%(name)s, %(max_channels)s, %(calls_per_second)s, %(calls_per_minute)s, %(is_enabled)s)
ON CONFLICT (project_id, name) DO NOTHING
RETURNING id

-- update -- New limits, at once for every dial loop.
UPDATE gateways
SET max_channels = %(max_channels)s, calls_per_second = %(calls_per_second)s,
    calls_per_minute = %(calls_per_minute)s, is_enabled = %(is_enabled)s
WHERE id = %(gateway_id)s

-- list_all -- Every gateway by name.
SELECT id, name, max_channels, calls_per_second::float8 AS calls_per_second, calls_per_minute, is_enabled
FROM gateways ORDER BY name

-- add_caller_id -- A number the gateway's operator lets us show.
INSERT INTO caller_ids (gateway_id, phone, label, category)
VALUES (%(gateway_id)s, %(phone)s, %(label)s, %(category)s)
ON CONFLICT (project_id, gateway_id, phone) DO UPDATE SET label = excluded.label, category = excluded.category
RETURNING id

-- caller_ids -- The registered numbers, of one gateway or of all.
SELECT i.id, i.gateway_id, g.name AS gateway, i.phone, i.label, i.category
FROM caller_ids i JOIN gateways g ON g.id = i.gateway_id
WHERE %(gateway_id)s::bigint IS NULL OR i.gateway_id = %(gateway_id)s
ORDER BY g.name, i.phone

-- relabel_caller_id -- What is shown with the number.
UPDATE caller_ids SET label = %(label)s, category = %(category)s WHERE id = %(caller_id_id)s

-- caller_id_uses -- The campaigns that show each number and may still dial.
SELECT ci.caller_id_id, c.id AS campaign_id, c.name AS campaign
FROM campaign_caller_ids ci JOIN campaigns c ON c.id = ci.campaign_id
WHERE ci.project_id = 1 AND c.state NOT IN ('completed', 'archived')
ORDER BY ci.caller_id_id, c.id DESC

-- forget_caller_id -- Campaigns that are over show it no more; their attempts keep the number itself.
DELETE FROM campaign_caller_ids ci USING campaigns c
WHERE ci.caller_id_id = %(caller_id_id)s AND c.id = ci.campaign_id AND c.state IN ('completed', 'archived')

-- remove_caller_id -- Fails on the foreign key while a campaign uses it.
DELETE FROM caller_ids WHERE id = %(caller_id_id)s
