-- What a trigger asks before it runs is read anew for every statement that writes its table: the shorter the better. What it
-- asked besides its function asks, of the few rows that come so far.

DROP TRIGGER attempts_count_abandoned ON attempts;
CREATE TRIGGER attempts_count_abandoned AFTER UPDATE OF disposition ON attempts
    FOR EACH ROW WHEN (OLD.concluded_at IS NOT NULL) EXECUTE FUNCTION count_abandoned();
