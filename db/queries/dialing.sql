-- zone_sets -- The distinct zone sets of a campaign by skipping through the index: one probe a set, not one a contact.
WITH RECURSIVE found AS (
    (SELECT zone_set_id FROM contacts WHERE campaign_id = %(campaign_id)s ORDER BY zone_set_id LIMIT 1)
    UNION ALL
    SELECT (SELECT c.zone_set_id FROM contacts c
            WHERE c.campaign_id = %(campaign_id)s AND c.zone_set_id > found.zone_set_id
            ORDER BY c.zone_set_id LIMIT 1)
    FROM found WHERE found.zone_set_id IS NOT NULL
)
SELECT z.id, z.zones FROM found JOIN zone_sets z ON z.id = found.zone_set_id
