-- Contacts by the million: numbers compared byte by byte, and less asked of each row that is inserted.

-- Numbers are ASCII: their order needs no locale, which takes several times longer to compare.
ALTER TABLE contacts ALTER COLUMN phone TYPE text COLLATE "C";
ALTER TABLE blacklist ALTER COLUMN phone TYPE text COLLATE "C";
ALTER TABLE attempts ALTER COLUMN phone TYPE text COLLATE "C";
ALTER TABLE contact_blocks ALTER COLUMN phone TYPE text COLLATE "C";
ALTER TABLE blacklist_changes ALTER COLUMN phone TYPE text COLLATE "C";

-- What added contacts refer to, once for all that refer to the same; and no scan of contacts for the few to mark.
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
