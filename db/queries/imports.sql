-- start -- Its row is seen by everybody while it runs; its contacts by nobody before its transaction ends.
INSERT INTO contact_imports (campaign_id, file_name, rows_expected, started_by)
SELECT id, %(file_name)s, %(rows_expected)s, %(started_by)s FROM campaigns WHERE id = %(campaign_id)s
RETURNING id

-- start_entries -- As `start`, of numbers for a blacklist.
INSERT INTO contact_imports (blacklist_id, file_name, rows_expected, started_by)
SELECT id, %(file_name)s, %(rows_expected)s, %(started_by)s FROM blacklists WHERE id = %(blacklist_id)s
RETURNING id

-- hold -- Held to the end of the transaction, whatever ends it: who can take it knows that nobody runs the import.
SELECT pg_advisory_xact_lock(%(running_space)s, %(import_id)s::bigint::integer)

-- take_turn -- Imports into one campaign queue up, so that each sees the contacts of those before it.
SELECT pg_try_advisory_xact_lock(%(turn_space)s, %(target_id)s::bigint::integer)

-- about -- What is imported for whom.
SELECT file_name, started_by FROM contact_imports WHERE id = %(import_id)s

-- campaign -- What the rows need of it; the lock keeps it from being completed for want of contacts meanwhile.
SELECT k.id AS campaign_id, k.state, k.default_country, k.time_zone, i.file_name
FROM contact_imports i JOIN campaigns k ON k.id = i.campaign_id WHERE i.id = %(import_id)s FOR KEY SHARE OF k

-- began -- Its turn has come.
UPDATE contact_imports SET began_at = clock_timestamp(), seen_at = clock_timestamp() WHERE id = %(import_id)s

-- seen -- Its process lives and waits.
UPDATE contact_imports SET seen_at = clock_timestamp() WHERE id = %(import_id)s

-- progress -- How far it is, for who watches; told in return whether to go on.
UPDATE contact_imports
SET rows_total = %(rows_total)s, accepted = %(accepted)s, rejected = %(rejected)s, seen_at = clock_timestamp()
WHERE id = %(import_id)s
RETURNING cancelled_at IS NULL AND state = 'running'

-- have_room -- Who judges many contacts keeps them several times over; what does not fit is written to disk in between.
SET LOCAL work_mem = '64MB'

-- stage -- The rows of one batch, as Python sorted them.
CREATE TEMPORARY TABLE staged_contacts (
    row_number integer NOT NULL,
    phone text COLLATE "C" NOT NULL,
    name text NOT NULL,
    zones_place integer NOT NULL,
    extra jsonb NOT NULL,
    consent_basis text,
    consent_at timestamptz,
    consent_source text
) ON COMMIT DROP

-- copy -- Fills the stage.
COPY staged_contacts (row_number, phone, name, zones_place, extra, consent_basis, consent_at, consent_source) FROM STDIN

-- empty -- For the next batch.
TRUNCATE staged_contacts

-- know_zone_sets -- The ids of these sets, made where they are new, in the order given.
WITH given AS (
    SELECT row_number() OVER () AS place, ARRAY(SELECT jsonb_array_elements_text(zones)) AS zones
    FROM jsonb_array_elements(%(zone_sets)s::jsonb) AS zones
), added AS (
    INSERT INTO zone_sets (zones) SELECT DISTINCT zones FROM given ORDER BY zones ON CONFLICT (zones) DO NOTHING
    RETURNING id, zones
)
SELECT coalesce(a.id, z.id) FROM given g
LEFT JOIN added a ON a.zones = g.zones LEFT JOIN zone_sets z ON z.zones = g.zones
ORDER BY g.place

-- add_contacts -- One batch: contacts, in the file's order and due at once; returns the rows that became none.
-- Subqueries, not joins: each row probes two indexes, however the planner misjudges a table that was just filled.
-- Whom the campaign's own rules refuse is a contact all the same, blocked with the reason: rules change.
WITH rules AS MATERIALIZED (
    -- RULES
), judged AS MATERIALIZED (
    SELECT s.*, (SELECT -- REFUSAL
        FROM rules, (SELECT s.phone, s.consent_at) c, (SELECT NULL::text AS reason) listed) AS refusal,
        CASE WHEN (SELECT true FROM blacklist b WHERE b.project_id = 1 AND b.phone = s.phone LIMIT 1) THEN (
            SELECT format('on the blacklist: %%s (%%s)', e.reason, e.list_name)
            FROM blocking_entry(%(campaign_id)s, s.phone, now()) e) END AS listed,
        (SELECT CASE WHEN c.import_id = %(import_id)s THEN 'row ' || c.import_row || ' has the same number'
             ELSE 'the campaign has this number already' END
         FROM contacts c
         WHERE c.project_id = 1 AND c.phone = s.phone AND c.campaign_id = %(campaign_id)s) AS known
    FROM staged_contacts s
), added AS (
    INSERT INTO contacts (
        campaign_id, import_id, import_row, phone, name, extra, zone_set_id, consent_basis, consent_at, consent_source,
        state, disposition, blocked_reason, concluded_at)
    SELECT %(campaign_id)s, %(import_id)s, row_number, phone, name, extra, (%(zone_set_ids)s::integer[])[zones_place],
        consent_basis, consent_at, consent_source,
        CASE WHEN refusal IS NULL THEN 'queued' ELSE 'blocked' END::contact_state,
        CASE WHEN refusal IS NOT NULL THEN 'blocked' END::disposition, refusal,
        CASE WHEN refusal IS NOT NULL THEN now() END
    FROM judged WHERE listed IS NULL AND known IS NULL ORDER BY row_number
)
SELECT row_number, CASE WHEN listed IS NULL THEN 'duplicate' ELSE 'blacklisted' END, coalesce(listed, known)
FROM judged WHERE listed IS NOT NULL OR known IS NOT NULL

-- list -- The blacklist that is imported into; the lock keeps it from being deleted meanwhile.
SELECT l.id FROM contact_imports i JOIN blacklists l ON l.id = i.blacklist_id WHERE i.id = %(import_id)s
FOR KEY SHARE OF l

-- stage_entries -- The rows of one batch, as Python sorted them.
CREATE TEMPORARY TABLE staged_entries (
    row_number integer NOT NULL,
    phone text COLLATE "C" NOT NULL,
    reason blacklist_reason NOT NULL,
    note text NOT NULL,
    expires_at timestamptz
) ON COMMIT DROP

-- copy_entries -- Fills the stage.
COPY staged_entries (row_number, phone, reason, note, expires_at) FROM STDIN

-- empty_entries -- For the next batch.
TRUNCATE staged_entries

-- add_entries -- One batch: entries, and a longer end for those that have one; returns the rows that say nothing new.
WITH judged AS MATERIALIZED (
    SELECT s.*, EXISTS (
        SELECT FROM blacklist b
        WHERE b.project_id = 1 AND b.phone = s.phone AND b.blacklist_id = %(blacklist_id)s
            AND (b.expires_at IS NULL OR b.expires_at >= s.expires_at)) AS is_listed
    FROM staged_entries s
), added AS (
    INSERT INTO blacklist AS b (phone, blacklist_id, reason, note, expires_at, added_by)
    SELECT phone, %(blacklist_id)s, reason, note, expires_at,
        (SELECT started_by FROM contact_imports WHERE id = %(import_id)s)
    FROM judged WHERE NOT is_listed ORDER BY phone
    ON CONFLICT (project_id, phone, blacklist_id) DO UPDATE
    SET reason = excluded.reason, note = excluded.note, expires_at = excluded.expires_at
)
SELECT row_number, 'duplicate', 'the list has this number already' FROM judged WHERE is_listed

-- copy_rejects -- Every row that became no contact, with its cells.
COPY contact_import_rejects (import_id, row_number, reason, detail, cells) FROM STDIN

-- still_open -- Held to the commit: a campaign that completes meanwhile refuses the import, never strands it.
SELECT state FROM campaigns WHERE id = %(campaign_id)s FOR SHARE

-- finish -- In the transaction of the contacts. One that was cancelled or given up before does not finish.
UPDATE contact_imports
SET state = 'done', rows_total = %(rows_total)s, accepted = %(accepted)s, rejected = %(rejected)s,
    ended_at = clock_timestamp(), seen_at = clock_timestamp()
WHERE id = %(import_id)s AND state = 'running' AND cancelled_at IS NULL

-- cancel -- Asks it to stop; False when it is over already.
UPDATE contact_imports SET cancelled_at = now() WHERE id = %(import_id)s AND state = 'running' AND cancelled_at IS NULL

-- end_without -- Its contacts are gone with its transaction: nothing of it remains but this.
UPDATE contact_imports
SET state = CASE WHEN cancelled_at IS NULL THEN 'failed' ELSE 'cancelled' END::import_state,
    error = CASE WHEN cancelled_at IS NULL THEN %(error)s END, accepted = 0, rejected = '{}', ended_at = clock_timestamp()
WHERE id = %(import_id)s AND state = 'running'

-- abandoned -- Imports that say they run and were not heard of for a while.
SELECT id FROM contact_imports
WHERE state = 'running' AND seen_at < now() - make_interval(secs => %(unseen_s)s) ORDER BY id

-- is_abandoned -- Nobody holds the lock that its process holds while it lives.
SELECT pg_try_advisory_xact_lock(%(running_space)s, %(import_id)s::bigint::integer)

-- find -- One import.
SELECT id, campaign_id, blacklist_id, file_name, state, rows_expected, rows_total, accepted, rejected, error, created_at, began_at,
    seen_at, cancelled_at, ended_at, clock_timestamp() AS now, source_filter IS NOT NULL AS is_fill
FROM contact_imports WHERE id = %(import_id)s

-- list_for -- A campaign's imports, newest first.
SELECT id, campaign_id, blacklist_id, file_name, state, rows_expected, rows_total, accepted, rejected, error, created_at, began_at,
    seen_at, cancelled_at, ended_at, clock_timestamp() AS now, source_filter IS NOT NULL AS is_fill
FROM contact_imports WHERE campaign_id = %(campaign_id)s ORDER BY id DESC

-- list_for_blacklist -- A list's imports, newest first.
SELECT id, campaign_id, blacklist_id, file_name, state, rows_expected, rows_total, accepted, rejected, error,
    created_at, began_at, seen_at, cancelled_at, ended_at, clock_timestamp() AS now, source_filter IS NOT NULL AS is_fill
FROM contact_imports WHERE blacklist_id = %(blacklist_id)s ORDER BY id DESC

-- rejects -- The rows that became no contact, in the file's order.
SELECT row_number, reason, detail, cells FROM contact_import_rejects
WHERE project_id = 1 AND import_id = %(import_id)s ORDER BY row_number LIMIT %(limit)s
