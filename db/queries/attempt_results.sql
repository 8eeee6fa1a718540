-- page -- attempts of a campaign, newest first, after a cursor
SELECT attempts.id AS attempt_id, attempts.contact_id, attempts.phone, contacts.name, attempts.number,
       gateways.name AS gateway, attempts.caller_id, attempts.claimed_at, attempts.originated_at,
       attempts.answered_at, attempts.ended_at, attempts.concluded_at, attempts.disposition,
       attempts.hangup_cause, attempts.sip_code, attempts.billsec, attempts.digits, attempts.amd_verdict,
       leads.id AS lead_id, leads.state AS lead_state, leads.external_id AS lead_external_id
FROM attempts
JOIN contacts ON contacts.id = attempts.contact_id
JOIN gateways ON gateways.id = attempts.gateway_id
LEFT JOIN leads ON leads.project_id = attempts.project_id AND leads.attempt_id = attempts.id
WHERE attempts.campaign_id = %(campaign_id)s
  AND (%(disposition)s::disposition IS NULL OR attempts.disposition = %(disposition)s::disposition)
  AND (%(claimed_at)s::timestamptz IS NULL
       OR (attempts.claimed_at, attempts.id) < (%(claimed_at)s::timestamptz, %(attempt_id)s::uuid))
ORDER BY attempts.claimed_at DESC, attempts.id DESC
LIMIT %(limit)s::bigint
