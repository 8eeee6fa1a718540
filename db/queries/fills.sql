-- judged -- The chosen contacts of other campaigns, and what speaks against each, by the rules of an import. Of those with
-- one number the newest counts: what is known of it, its consent too, is what was known last.
-- EXISTS: PostgreSQL looks up a few, and for many reads the list and the campaign once. Few of those who are found there
-- are left for blocking_entry, which decides. OFFSET 0: nothing is worked out again where it is named.
rules AS MATERIALIZED (
    -- RULES
), picked AS (
    SELECT c.id, c.campaign_id, c.phone, c.name, c.extra, c.zone_set_id, c.consent_basis, c.consent_at, c.consent_source,
        -- NTH
        AS nth
    FROM contacts c
    WHERE c.project_id = 1 AND c.campaign_id = ANY(%(sources)s::bigint[]) AND c.campaign_id <> %(campaign_id)s
        AND (cardinality(%(states)s::text[]) = 0 OR c.state = ANY(%(states)s::text[]::contact_state[]))
        AND (cardinality(%(dispositions)s::text[]) = 0 OR c.disposition = ANY(%(dispositions)s::text[]::disposition[]))
        AND (%(name)s = '' OR strpos(lower(c.name), lower(%(name)s)) > 0)
        AND (%(column)s = '' OR CASE WHEN %(is_whole)s THEN lower(c.extra ->> %(column)s) = lower(%(value)s)
             ELSE strpos(lower(c.extra ->> %(column)s), lower(%(value)s)) > 0 END)
        AND (%(called_from)s::timestamptz IS NULL AND %(called_before)s::timestamptz IS NULL OR (
            SELECT max(a.originated_at) FROM attempts a
            WHERE a.project_id = 1 AND a.phone = c.phone AND a.contact_id = c.id
        ) <@ tstzrange(%(called_from)s, %(called_before)s))
), judged AS (
    SELECT c.*, -- REFUSAL
        AS refusal,
        CASE WHEN EXISTS (SELECT FROM blacklist b WHERE b.project_id = 1 AND b.phone = c.phone) THEN (
            SELECT format('on the blacklist: %%s (%%s)', e.reason, e.list_name)
            FROM blocking_entry(%(campaign_id)s, c.phone, now()) e) END AS listed,
        CASE WHEN c.nth > 1 THEN 'a newer contact has the same number'
             WHEN EXISTS (SELECT FROM contacts o
                 WHERE o.project_id = 1 AND o.phone = c.phone AND o.campaign_id = %(campaign_id)s)
             THEN 'the campaign has this number already' END AS known
    FROM rules CROSS JOIN picked c CROSS JOIN (SELECT NULL::text AS reason) listed
    OFFSET 0
)

-- nth_of_one -- No number is twice in one campaign.
1

-- nth_of_many -- Which of those with its number it is, from the newest on.
row_number() OVER (PARTITION BY c.phone ORDER BY c.id DESC)

-- count -- What would become of them: refused for a reason, a contact that a rule blocks, or one that is called.
WITH -- JUDGED
SELECT CASE WHEN listed IS NOT NULL THEN 'blacklisted' WHEN known IS NOT NULL THEN 'duplicate' END AS rejected,
    CASE WHEN listed IS NULL AND known IS NULL THEN refusal END AS blocked, count(*)
FROM judged GROUP BY 1, 2 ORDER BY 1, 2

-- fill -- All at once: contacts in the order of their originals, due at once, and rejects; how many of which.
WITH -- JUDGED
, placed AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY id) AS place FROM judged
), added AS (
    INSERT INTO contacts (
        campaign_id, import_id, import_row, phone, name, extra, zone_set_id, consent_basis, consent_at, consent_source,
        state, disposition, blocked_reason, concluded_at)
    SELECT %(campaign_id)s, %(import_id)s, place, phone, name, extra, zone_set_id, consent_basis, consent_at, consent_source,
        CASE WHEN refusal IS NULL THEN 'queued' ELSE 'blocked' END::contact_state,
        CASE WHEN refusal IS NOT NULL THEN 'blocked' END::disposition, refusal,
        CASE WHEN refusal IS NOT NULL THEN now() END
    FROM placed WHERE listed IS NULL AND known IS NULL ORDER BY place
), refused AS (
    INSERT INTO contact_import_rejects (import_id, row_number, reason, detail, cells)
    SELECT %(import_id)s, place, CASE WHEN listed IS NULL THEN 'duplicate' ELSE 'blacklisted' END::import_reject,
        coalesce(listed, known), jsonb_build_array(j.phone, j.name, k.name)
    FROM placed j JOIN campaigns k ON k.id = j.campaign_id WHERE listed IS NOT NULL OR known IS NOT NULL
)
SELECT CASE WHEN listed IS NOT NULL THEN 'blacklisted' WHEN known IS NOT NULL THEN 'duplicate' END, count(*)
FROM placed GROUP BY 1

-- start -- As an import of a file, named by where its contacts come from.
INSERT INTO contact_imports (campaign_id, file_name, rows_expected, started_by, source_filter)
SELECT t.id, left(coalesce((
        SELECT string_agg(k.name, ', ' ORDER BY k.id) FROM campaigns k WHERE k.id = ANY(%(sources)s::bigint[])), ''), 300),
    %(rows_expected)s, %(started_by)s, %(filter)s
FROM campaigns t WHERE t.id = %(campaign_id)s
RETURNING id

-- filter -- What was chosen.
SELECT source_filter FROM contact_imports WHERE id = %(import_id)s

-- columns -- The names of other columns, as far as each campaign's first contacts have them.
SELECT DISTINCT jsonb_object_keys(c.extra) AS name
FROM campaigns k CROSS JOIN LATERAL (
    SELECT extra FROM contacts WHERE project_id = 1 AND campaign_id = k.id LIMIT 20
) c
WHERE k.project_id = 1 AND k.id <> %(campaign_id)s ORDER BY name LIMIT 200
