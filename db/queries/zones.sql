-- by_zone -- A campaign's contacts by where they may be, most first; by their last call, answered: by a person.
SELECT z.id, z.zones, count(*) AS contacts,
    count(*) FILTER (WHERE c.state IN ('queued', 'retry')) AS waiting,
    count(*) FILTER (WHERE c.attempt_count > 0) AS called,
    count(*) FILTER (WHERE c.disposition IN (
        'interested', 'not_interested', 'opted_out', 'callback_requested', 'transferred', 'no_input', 'hung_up',
        'abandoned')) AS answered,
    count(*) FILTER (WHERE c.disposition = 'interested') AS interested
FROM contacts c JOIN zone_sets z ON z.id = c.zone_set_id
WHERE c.campaign_id = %(campaign_id)s
GROUP BY z.id ORDER BY count(*) DESC, z.id

-- know -- The id of the set that is one zone.
WITH added AS (
    INSERT INTO zone_sets (zones) VALUES (ARRAY[%(zone)s::text]) ON CONFLICT (zones) DO NOTHING RETURNING id
)
SELECT id FROM added UNION ALL SELECT id FROM zone_sets WHERE zones = ARRAY[%(zone)s::text] LIMIT 1

-- change -- Contacts of one set, or of any, whose numbers begin so. In the order of their ids, as whoever locks many does.
UPDATE contacts SET zone_set_id = %(to_id)s
WHERE id = ANY(ARRAY(
    SELECT id FROM contacts
    WHERE campaign_id = %(campaign_id)s AND zone_set_id <> %(to_id)s
        AND (%(from_id)s::integer IS NULL OR zone_set_id = %(from_id)s::integer)
        AND starts_with(phone, %(prefix)s)
    ORDER BY id FOR UPDATE))
