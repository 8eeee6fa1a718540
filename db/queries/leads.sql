-- claim -- Pushing next_try_at ahead is the claim; SKIP LOCKED lets two posters take different leads.
-- A lead that is still held when it is due again had a poster that vanished: its post may have arrived.
WITH due AS MATERIALIZED (
    SELECT id, held_at IS NOT NULL AS was_dropped FROM leads
    WHERE state = 'pending' AND next_try_at <= now() AND created_at <= now() - make_interval(secs => %(min_age_s)s)
        AND (%(attempt_id)s::uuid IS NULL OR attempt_id = %(attempt_id)s::uuid)
    ORDER BY next_try_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), held AS (
    UPDATE leads l
    SET next_try_at = now() + make_interval(secs => %(hold_s)s), held_at = now(), tries = l.tries + 1,
        is_ambiguous = l.is_ambiguous OR due.was_dropped
    FROM due WHERE l.id = due.id
    RETURNING l.id, l.attempt_id, l.campaign_id, l.contact_id, l.is_ambiguous, l.tries, l.created_at
)
SELECT held.id AS lead_id, held.attempt_id, held.campaign_id, k.name AS campaign_name, a.phone, c.name, c.extra,
    a.digits, held.is_ambiguous, held.tries, k.crm_mapping AS mapping, held.created_at
FROM held
JOIN attempts a ON a.id = held.attempt_id
JOIN contacts c ON c.id = held.contact_id
JOIN campaigns k ON k.id = held.campaign_id
ORDER BY held.id

-- delivered -- Whoever learns it first; a late second poster changes nothing.
UPDATE leads
SET state = 'delivered', external_id = %(external_id)s, delivered_at = now(), held_at = NULL, is_ambiguous = false,
    last_error = NULL
WHERE id = %(lead_id)s AND state <> 'delivered'

-- retry_later -- Back into the outbox.
UPDATE leads
SET next_try_at = %(at)s, held_at = NULL, last_error = %(error)s, is_ambiguous = is_ambiguous OR %(ambiguous)s
WHERE id = %(lead_id)s AND state = 'pending'

-- failed -- For good, until a person puts it back.
UPDATE leads SET state = 'failed', held_at = NULL, last_error = %(error)s WHERE id = %(lead_id)s AND state = 'pending'

-- put_back -- A person corrected what was wrong.
UPDATE leads SET state = 'pending', next_try_at = now(), last_error = NULL WHERE id = %(lead_id)s AND state = 'failed'

-- put_back_all -- Everything that waits becomes due: an integration works again.
UPDATE leads SET next_try_at = now() WHERE state = 'pending' AND held_at IS NULL AND next_try_at > now()

-- try_now -- A person asks for it. Who posts it at this moment is left alone until the hold is over.
UPDATE leads SET state = 'pending', next_try_at = now(), last_error = CASE WHEN state = 'pending' THEN last_error END
WHERE id = %(lead_id)s AND (state = 'failed' OR (state = 'pending' AND (held_at IS NULL OR next_try_at <= now())))

-- get -- One lead.
SELECT l.id, l.attempt_id, l.campaign_id, k.name AS campaign_name, c.phone, c.name, l.state, l.tries, l.next_try_at,
    l.external_id, l.last_error, l.created_at, l.delivered_at
FROM leads l JOIN contacts c ON c.id = l.contact_id JOIN campaigns k ON k.id = l.campaign_id
WHERE l.id = %(lead_id)s

-- count_by_state -- For the filter.
SELECT state::text, count(*) FROM leads GROUP BY state

-- log_exchange -- What was said and answered.
INSERT INTO lead_exchanges (lead_id, method, request, http_status, response, error)
VALUES (%(lead_id)s, %(method)s, %(request)s, %(http_status)s, %(response)s, %(error)s)

-- exchanges -- Of one lead, in order.
SELECT at, method, request, http_status, response, error FROM lead_exchanges WHERE lead_id = %(lead_id)s ORDER BY id

-- page -- Leads, newest first, of one campaign or of all, in one state or in all.
SELECT l.id, l.attempt_id, l.campaign_id, k.name AS campaign_name, c.phone, c.name, l.state, l.tries, l.next_try_at,
    l.external_id, l.last_error, l.created_at, l.delivered_at
FROM leads l JOIN contacts c ON c.id = l.contact_id JOIN campaigns k ON k.id = l.campaign_id
WHERE (%(campaign_id)s::bigint IS NULL OR l.campaign_id = %(campaign_id)s::bigint)
    AND (%(state)s::lead_state IS NULL OR l.state = %(state)s::lead_state)
ORDER BY l.id DESC LIMIT %(limit)s OFFSET %(offset)s

-- count -- Of the same.
SELECT count(*) FROM leads l
WHERE (%(campaign_id)s::bigint IS NULL OR l.campaign_id = %(campaign_id)s::bigint)
    AND (%(state)s::lead_state IS NULL OR l.state = %(state)s::lead_state)
