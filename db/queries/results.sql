-- page -- A campaign's contacts with their last attempt, in the order of the import; keyset filters come with time.
SELECT c.id AS contact_id, c.phone, c.name, c.extra, c.state, c.disposition, c.attempt_count, c.due_at,
    c.blocked_reason, c.concluded_at, a.id AS attempt_id, a.claimed_at, a.answered_at, a.ended_at, a.hangup_cause,
    a.sip_code, a.billsec, a.digits, a.amd_verdict, g.name AS gateway, l.state AS lead_state,
    l.external_id AS lead_external_id
FROM contacts c
LEFT JOIN LATERAL (SELECT * FROM attempts WHERE contact_id = c.id ORDER BY number DESC LIMIT 1) a ON true
LEFT JOIN gateways g ON g.id = a.gateway_id
LEFT JOIN LATERAL (SELECT state, external_id FROM leads WHERE contact_id = c.id ORDER BY id DESC LIMIT 1) l ON true
WHERE c.campaign_id = %(campaign_id)s
    AND (%(state)s::contact_state IS NULL OR c.state = %(state)s::contact_state)
    AND (%(disposition)s::disposition IS NULL OR c.disposition = %(disposition)s::disposition)
    AND (%(search)s::text = '' OR c.phone LIKE '%%' || %(search)s::text || '%%'
         OR c.name ILIKE '%%' || %(search)s::text || '%%')
ORDER BY c.id LIMIT %(limit)s OFFSET %(offset)s

-- count -- Of the same.
SELECT count(*) FROM contacts c
WHERE c.campaign_id = %(campaign_id)s
    AND (%(state)s::contact_state IS NULL OR c.state = %(state)s::contact_state)
    AND (%(disposition)s::disposition IS NULL OR c.disposition = %(disposition)s::disposition)
    AND (%(search)s::text = '' OR c.phone LIKE '%%' || %(search)s::text || '%%'
         OR c.name ILIKE '%%' || %(search)s::text || '%%')

-- attempts -- Every attempt of a contact, in order.
SELECT a.id AS attempt_id, a.number, g.name AS gateway, a.caller_id, a.claimed_at, a.originated_at, a.answered_at,
    a.ended_at, a.disposition, a.hangup_cause, a.sip_code, a.billsec, a.digits, a.amd_verdict, a.concluded_by
FROM attempts a JOIN gateways g ON g.id = a.gateway_id
WHERE a.contact_id = %(contact_id)s ORDER BY a.number

-- export -- Every attempt of a campaign, one line each, contacts never dialled too.
SELECT c.phone, c.name, c.state::text, c.disposition::text, c.blocked_reason, a.number, a.claimed_at, a.answered_at,
    a.ended_at, a.disposition::text, a.hangup_cause, a.sip_code, a.billsec, a.digits, a.amd_verdict, g.name,
    a.caller_id, a.id::text, l.external_id
FROM contacts c
LEFT JOIN attempts a ON a.contact_id = c.id
LEFT JOIN gateways g ON g.id = a.gateway_id
LEFT JOIN leads l ON l.attempt_id = a.id
WHERE c.campaign_id = %(campaign_id)s
ORDER BY c.id, a.number
