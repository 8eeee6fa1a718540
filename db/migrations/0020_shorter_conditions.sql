-- What a trigger asks before it runs is read anew for every statement that writes its table: the shorter the better. What it
-- asked besides its function asks, of the few rows that come so far.

DROP TRIGGER attempts_count_abandoned ON attempts;
CREATE TRIGGER attempts_count_abandoned AFTER UPDATE OF disposition ON attempts
    FOR EACH ROW WHEN (OLD.concluded_at IS NOT NULL) EXECUTE FUNCTION count_abandoned();

CREATE OR REPLACE FUNCTION record_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE entry record;
BEGIN
    IF OLD.state = 'blocked' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO entry FROM blocking_entry(NEW.campaign_id, NEW.phone, now())
    WHERE starts_with(NEW.blocked_reason, 'blacklist:');
    NEW.blocked_list := entry.list_name;
    INSERT INTO contact_blocks (project_id, campaign_id, contact_id, phone, reason, entry_id, list_name)
    VALUES (NEW.project_id, NEW.campaign_id, NEW.id, NEW.phone, coalesce(NEW.blocked_reason, ''), entry.entry_id,
        entry.list_name);
    RETURN NEW;
END $$;
DROP TRIGGER contacts_record_block ON contacts;
CREATE TRIGGER contacts_record_block BEFORE UPDATE OF state ON contacts
    FOR EACH ROW WHEN (NEW.state = 'blocked') EXECUTE FUNCTION record_block();
