-- campaign -- What the rows need of their campaign.
SELECT state::text, default_country, time_zone FROM campaigns WHERE id = %(campaign_id)s

-- one_at_a_time -- Imports into one campaign queue up, so that each sees the contacts of those before it.
SELECT pg_advisory_xact_lock(%(space)s, %(campaign_id)s::bigint::integer)

-- start -- The import's row; it is seen by others only if all of it succeeds.
INSERT INTO contact_imports (campaign_id, file_name) VALUES (%(campaign_id)s, %(file_name)s) RETURNING id

-- stage -- The rows as the file had them, sorted by Python; gone with the transaction.
CREATE TEMPORARY TABLE staged_contacts (
    row_number integer NOT NULL,
    reason import_reject,
    detail text NOT NULL,
    phone text,
    name text,
    zones text[],
    extra jsonb,
    cells jsonb
) ON COMMIT DROP

-- copy -- Fills the stage.
COPY staged_contacts (row_number, reason, detail, phone, name, zones, extra, cells) FROM STDIN

-- analyze -- The planner must not take a million staged rows for none.
ANALYZE staged_contacts

-- reject_duplicates_in_file -- The first row of a number counts.
UPDATE staged_contacts s SET reason = 'duplicate', detail = 'row ' || d.first_row || ' has the same number'
FROM (
    SELECT row_number, first_value(row_number) OVER (PARTITION BY phone ORDER BY row_number) AS first_row
    FROM staged_contacts WHERE reason IS NULL
) d
WHERE d.row_number = s.row_number AND d.first_row < s.row_number

-- reject_duplicates_in_campaign -- Imported before.
UPDATE staged_contacts s SET reason = 'duplicate', detail = 'the campaign has this number already'
FROM contacts c
WHERE s.reason IS NULL AND c.project_id = 1 AND c.campaign_id = %(campaign_id)s AND c.phone = s.phone

-- reject_blacklisted -- On the list now.
UPDATE staged_contacts s SET reason = 'blacklisted', detail = 'on the blacklist: ' || b.reason
FROM blacklist b
WHERE s.reason IS NULL AND b.project_id = 1 AND b.phone = s.phone AND (b.expires_at IS NULL OR b.expires_at > now())

-- add_zone_sets -- Whatever sets the rows bring.
INSERT INTO zone_sets (zones) SELECT DISTINCT zones FROM staged_contacts WHERE reason IS NULL
ON CONFLICT (zones) DO NOTHING

-- add_contacts -- In the file's order and due at once, so that they are dialled in that order.
INSERT INTO contacts (campaign_id, import_id, phone, name, extra, zone_set_id)
SELECT %(campaign_id)s, %(import_id)s, s.phone, s.name, s.extra, z.id
FROM staged_contacts s JOIN zone_sets z ON z.zones = s.zones
WHERE s.reason IS NULL ORDER BY s.row_number

-- add_rejects -- Every row that became no contact, with its cells.
INSERT INTO contact_import_rejects (import_id, row_number, reason, detail, cells)
SELECT %(import_id)s, row_number, reason, detail, cells FROM staged_contacts WHERE reason IS NOT NULL

-- still_open -- Held to the commit: a campaign that completes meanwhile refuses the import, never strands it.
SELECT state::text FROM campaigns WHERE id = %(campaign_id)s FOR SHARE

-- finish -- The counts, from what was written.
UPDATE contact_imports SET
    state = 'done', ended_at = clock_timestamp(),
    (rows_total, accepted, invalid_number, duplicate, blacklisted, malformed) = (
        SELECT count(*), count(*) FILTER (WHERE reason IS NULL), count(*) FILTER (WHERE reason = 'invalid_number'),
            count(*) FILTER (WHERE reason = 'duplicate'), count(*) FILTER (WHERE reason = 'blacklisted'),
            count(*) FILTER (WHERE reason = 'malformed')
        FROM staged_contacts)
WHERE id = %(import_id)s
RETURNING id AS import_id, rows_total, accepted, invalid_number, duplicate, blacklisted, malformed

-- unstage -- So that a second import may follow in one transaction.
DROP TABLE staged_contacts

-- record_failure -- An import that left nothing but its error.
INSERT INTO contact_imports (campaign_id, file_name, state, error, ended_at)
VALUES (%(campaign_id)s, %(file_name)s, 'failed', %(error)s, now()) RETURNING id

-- list_for -- A campaign's imports, newest first.
SELECT id, campaign_id, file_name, state, rows_total, accepted, invalid_number, duplicate, blacklisted, malformed,
    error, created_at, ended_at
FROM contact_imports WHERE campaign_id = %(campaign_id)s ORDER BY id DESC

-- rejects -- The rows that became no contact, in the file's order.
SELECT row_number, reason, detail, cells FROM contact_import_rejects
WHERE project_id = 1 AND import_id = %(import_id)s ORDER BY row_number
