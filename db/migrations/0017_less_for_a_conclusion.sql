-- Less to do for every call that ends.

-- A conclusion counts its call among the abandoned ones itself, with its other tallies; who knows better later is counted
-- here as before.
DROP TRIGGER attempts_count_abandoned ON attempts;
CREATE TRIGGER attempts_count_abandoned AFTER UPDATE OF disposition ON attempts
    FOR EACH ROW WHEN (OLD.disposition IS NOT NULL AND NEW.disposition IS DISTINCT FROM OLD.disposition)
    EXECUTE FUNCTION count_abandoned();

-- Each is read and planned anew for every row that a call writes; the shard is worked out in one place, modulo eight.
ALTER TABLE campaign_tallies DROP CONSTRAINT campaign_tallies_shard_check;
ALTER TABLE day_tallies DROP CONSTRAINT day_tallies_shard_check;
ALTER TABLE abandon_days DROP CONSTRAINT abandon_days_shard_check;
