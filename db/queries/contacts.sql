-- page -- In the order of their import, after the last one seen.
SELECT id, phone, name, state, disposition, attempt_count, due_at, blocked_reason, concluded_at, callback_at,
    consent_basis, consent_at, consent_source
FROM contacts
WHERE project_id = 1 AND campaign_id = %(campaign_id)s AND id > %(after)s
    AND (%(state)s::contact_state IS NULL OR state = %(state)s::contact_state)
ORDER BY id LIMIT %(limit)s

-- get -- One contact, of that very campaign.
SELECT id, phone, name, state, disposition, attempt_count, due_at, blocked_reason, concluded_at, callback_at,
    consent_basis, consent_at, consent_source
FROM contacts WHERE project_id = 1 AND campaign_id = %(campaign_id)s AND id = %(contact_id)s

-- set_consent -- All three or none.
UPDATE contacts SET consent_basis = %(basis)s, consent_at = %(at)s, consent_source = %(source)s
WHERE project_id = 1 AND campaign_id = %(campaign_id)s AND id = %(contact_id)s
