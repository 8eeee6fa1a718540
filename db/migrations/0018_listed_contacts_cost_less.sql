-- Who would be called again is looked for on the lists here and nowhere else. Nearly nobody is on any: that is asked first,
-- of one index. Whoever is keeps the time he was due at, and nothing is agreed with him any more.
CREATE OR REPLACE FUNCTION keep_listed_contact_out() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE listed blacklist_reason;
BEGIN
    IF EXISTS (SELECT FROM blacklist b WHERE b.project_id = 1 AND b.phone = NEW.phone) THEN
        SELECT e.reason INTO listed FROM blocking_entry(NEW.campaign_id, NEW.phone, now()) e;
        IF FOUND THEN
            NEW.disposition := CASE WHEN NEW.state = 'queued' THEN 'blocked' ELSE coalesce(NEW.disposition, 'blocked') END;
            NEW.state := 'blocked';
            NEW.blocked_reason := 'blacklist: ' || listed;
            NEW.due_at := OLD.due_at;
            NEW.callback_at := NULL;
            NEW.concluded_at := now();
        END IF;
    END IF;
    RETURN NEW;
END $$;
