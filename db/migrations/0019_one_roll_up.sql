-- One roll-up of concluded attempts instead of two: a conclusion writes a row less. It is counted anew from the attempts.

TRUNCATE campaign_tallies;                             -- waits for the conclusions under way
ALTER TABLE campaign_tallies
    ADD COLUMN day date NOT NULL,                      -- of the claim, in the campaign's zone
    DROP CONSTRAINT campaign_tallies_pkey,
    ADD PRIMARY KEY (project_id, campaign_id, day, disposition, shard);
CREATE INDEX campaign_tallies_by_day ON campaign_tallies (project_id, day); -- budgets of all campaigns together

INSERT INTO campaign_tallies (campaign_id, day, disposition, shard, attempts, billsec)
SELECT a.campaign_id, (a.claimed_at AT TIME ZONE k.time_zone)::date, a.disposition, 0, count(*), coalesce(sum(a.billsec), 0)
FROM attempts a JOIN campaigns k ON k.id = a.campaign_id
WHERE a.concluded_at IS NOT NULL GROUP BY 1, 2, 3;

DROP TABLE day_tallies;
