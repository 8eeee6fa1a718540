-- How many people's calls were abandoned, by campaign and day: what the cap is judged by.

ALTER TABLE campaigns
    ADD COLUMN abandon_cap numeric(5, 2) NOT NULL DEFAULT 3 CHECK (abandon_cap BETWEEN 0 AND 100); -- percent

CREATE TABLE abandon_days (                            -- shards keep hooks from queueing on one row
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    day date NOT NULL,                                 -- of the claim, UTC
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 7),
    answered bigint NOT NULL DEFAULT 0,                -- by people, abandoned ones too
    abandoned bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, campaign_id, day, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION answered_by_person(disposition disposition, answered_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(answered_at IS NOT NULL AND disposition IN (
        'interested', 'not_interested', 'opted_out', 'callback_requested', 'transferred', 'no_input', 'hung_up',
        'cancelled', 'abandoned'), false)
$$;

-- Whoever concludes an attempt, or knows better later: the day's counts follow in the same transaction.
CREATE FUNCTION count_abandoned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answered integer := answered_by_person(NEW.disposition, NEW.answered_at)::integer
        - answered_by_person(OLD.disposition, OLD.answered_at)::integer;
    abandoned integer := (NEW.disposition IS NOT DISTINCT FROM 'abandoned')::integer
        - (OLD.disposition IS NOT DISTINCT FROM 'abandoned')::integer;
BEGIN
    IF answered <> 0 OR abandoned <> 0 THEN
        INSERT INTO abandon_days AS d (project_id, campaign_id, day, shard, answered, abandoned)
        VALUES (NEW.project_id, NEW.campaign_id, (NEW.claimed_at AT TIME ZONE 'UTC')::date,
            abs(hashtext(NEW.id::text)) % 8, answered, abandoned)
        ON CONFLICT (project_id, campaign_id, day, shard)
        DO UPDATE SET answered = d.answered + excluded.answered, abandoned = d.abandoned + excluded.abandoned;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_count_abandoned AFTER UPDATE OF disposition ON attempts
    FOR EACH ROW WHEN (NEW.disposition IS DISTINCT FROM OLD.disposition) EXECUTE FUNCTION count_abandoned();

INSERT INTO abandon_days (project_id, campaign_id, day, shard, answered, abandoned)
SELECT project_id, campaign_id, (claimed_at AT TIME ZONE 'UTC')::date, 0,
    count(*) FILTER (WHERE answered_by_person(disposition, answered_at)),
    count(*) FILTER (WHERE disposition = 'abandoned')
FROM attempts WHERE answered_by_person(disposition, answered_at) OR disposition = 'abandoned'
GROUP BY 1, 2, 3;
CREATE INDEX attempts_abandoned ON attempts (campaign_id, claimed_at) WHERE disposition = 'abandoned';
