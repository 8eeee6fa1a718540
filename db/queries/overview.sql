-- campaign_lines -- campaigns in some states, with counts of contacts and leads
SELECT campaigns.id, campaigns.name, campaigns.state, campaigns.created_at, campaigns.started_at,
       counts.contacts, counts.queued, counts.retry, counts.dialing, counts.concluded, counts.blocked, found.leads
FROM campaigns
CROSS JOIN LATERAL (
    SELECT count(*) AS contacts,
           count(*) FILTER (WHERE contacts.state = 'queued') AS queued,
           count(*) FILTER (WHERE contacts.state = 'retry') AS retry,
           count(*) FILTER (WHERE contacts.state = 'dialing') AS dialing,
           count(*) FILTER (WHERE contacts.state = 'concluded') AS concluded,
           count(*) FILTER (WHERE contacts.state = 'blocked') AS blocked
    FROM contacts
    WHERE contacts.campaign_id = campaigns.id
) AS counts
CROSS JOIN LATERAL (
    SELECT count(*) AS leads FROM leads WHERE leads.campaign_id = campaigns.id
) AS found
WHERE campaigns.project_id = 1 AND campaigns.state = ANY(%(states)s::campaign_state[])
ORDER BY campaigns.id DESC
LIMIT %(limit)s;

-- live_calls -- open attempts, the oldest first
SELECT attempts.id AS attempt_id, attempts.campaign_id, campaigns.name AS campaign, attempts.phone, contacts.name,
       gateways.name AS gateway, attempts.originated_at, attempts.answered_at, attempts.digits
FROM attempts
JOIN campaigns ON campaigns.id = attempts.campaign_id
JOIN contacts ON contacts.id = attempts.contact_id
JOIN gateways ON gateways.id = attempts.gateway_id
WHERE attempts.concluded_at IS NULL
ORDER BY attempts.claimed_at
LIMIT %(limit)s;

-- first_steps -- what a campaign needs before it can start
SELECT (SELECT count(*) FROM gateways) AS gateways,
       (SELECT count(*) FROM caller_ids) AS caller_ids,
       (SELECT count(*) FROM audio_files) AS audio_files,
       (SELECT count(*) FROM campaigns) AS campaigns;

-- flow_id_of -- the flow that a version belongs to
SELECT flow_id FROM flow_versions WHERE id = %(flow_version_id)s;

-- flow_names_like -- names that are or begin with a name
SELECT name FROM flows WHERE project_id = 1 AND starts_with(name, %(name)s);

-- retry_rules -- Those of every campaign, oldest first.
SELECT id, name, retry_rules FROM campaigns WHERE project_id = 1 ORDER BY id
