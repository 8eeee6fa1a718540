-- A consent is whole, or it is none: checked where one is written. A condition of the table was read anew for every call.

CREATE FUNCTION refuse_half_a_consent() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'a consent has a basis, a time and a source', CONSTRAINT = 'contacts_consent_is_whole';
END $$;

CREATE FUNCTION check_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF num_nulls(NEW.consent_basis, NEW.consent_at, NEW.consent_source) NOT IN (0, 3) THEN
        PERFORM refuse_half_a_consent();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contacts_consent BEFORE UPDATE OF consent_basis, consent_at, consent_source ON contacts
    FOR EACH ROW EXECUTE FUNCTION check_consent();

-- As before, but for the consent.
CREATE OR REPLACE FUNCTION check_added_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
    is_whole boolean;
    listed bigint[];
BEGIN
    FOR a IN SELECT DISTINCT project_id, campaign_id, import_id, zone_set_id FROM added LOOP
        -- KEY SHARE, as a foreign key does: who is referred to can't be deleted before this transaction ends.
        PERFORM FROM projects p WHERE p.id = a.project_id FOR KEY SHARE;
        PERFORM FROM campaigns k WHERE k.id = a.campaign_id AND k.project_id = a.project_id FOR KEY SHARE;
        is_whole := FOUND;
        PERFORM FROM zone_sets z WHERE z.id = a.zone_set_id FOR KEY SHARE;
        is_whole := is_whole AND FOUND;
        IF a.import_id IS NOT NULL THEN
            PERFORM FROM contact_imports i WHERE i.id = a.import_id FOR KEY SHARE;
            is_whole := is_whole AND FOUND;
        END IF;
        IF NOT is_whole THEN
            RAISE foreign_key_violation USING MESSAGE = 'a contact refers to a campaign, import or zone set that is not there';
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM added n WHERE num_nulls(n.consent_basis, n.consent_at, n.consent_source) NOT IN (0, 3)) THEN
        PERFORM refuse_half_a_consent();
    END IF;
    -- ids in an array: the planner can't know how few are listed, and would read the whole table for the rows to change.
    listed := ARRAY(
        SELECT n.id FROM added n
        WHERE n.state IN ('queued', 'retry')
            AND EXISTS (SELECT FROM blacklist b WHERE b.project_id = n.project_id AND b.phone = n.phone));
    UPDATE contacts c
    SET state = 'blocked', disposition = CASE WHEN c.state = 'queued' THEN 'blocked' ELSE coalesce(c.disposition, 'blocked') END,
        blocked_reason = 'blacklist: ' || (SELECT e.reason FROM blocking_entry(c.campaign_id, c.phone, now()) e),
        concluded_at = now()
    WHERE c.id = ANY(listed) AND EXISTS (SELECT FROM blocking_entry(c.campaign_id, c.phone, now()));
    INSERT INTO contact_blocks (project_id, campaign_id, contact_id, phone, reason)
    SELECT project_id, campaign_id, id, phone, coalesce(blocked_reason, '') FROM added WHERE state = 'blocked';
    RETURN NULL;
END $$;

ALTER TABLE contacts DROP CONSTRAINT contacts_consent_is_whole;
