-- Imports of a million rows: what they cost a row, and what is seen of them while they run.

ALTER TYPE import_state ADD VALUE 'cancelled';

ALTER TABLE contact_imports
    ADD COLUMN rows_expected integer NOT NULL DEFAULT 0,   -- as far as can be told before they are read
    ADD COLUMN rejected jsonb NOT NULL DEFAULT '{}',       -- reason → rows
    ADD COLUMN began_at timestamptz,                       -- its turn came: imports into one campaign queue up
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now(), -- when its process was last heard of
    ADD COLUMN cancelled_at timestamptz,                   -- somebody asked it to stop
    ADD COLUMN started_by bigint REFERENCES users;
UPDATE contact_imports SET began_at = created_at, rejected = jsonb_strip_nulls(jsonb_build_object(
    'invalid_number', nullif(invalid_number, 0), 'duplicate', nullif(duplicate, 0),
    'blacklisted', nullif(blacklisted, 0), 'malformed', nullif(malformed, 0)));
ALTER TABLE contact_imports
    DROP COLUMN invalid_number, DROP COLUMN duplicate, DROP COLUMN blacklisted, DROP COLUMN malformed;
CREATE INDEX contact_imports_by_campaign ON contact_imports (campaign_id, id);
CREATE INDEX contact_imports_running ON contact_imports (seen_at) WHERE state = 'running';

ALTER TABLE contacts ADD COLUMN import_row integer;        -- of the file it came from, whose first row is 1

-- A foreign key is checked row by row, four of them for a contact: more than half of what an import cost. The same is
-- held a statement at a time here, and rows are looked up on the blacklist together.
ALTER TABLE contacts
    DROP CONSTRAINT contacts_project_id_fkey, DROP CONSTRAINT contacts_campaign_id_fkey,
    DROP CONSTRAINT contacts_import_id_fkey, DROP CONSTRAINT contacts_zone_set_id_fkey;

CREATE FUNCTION check_added_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- KEY SHARE, as a foreign key does: who is referred to can't be deleted before this transaction ends.
    PERFORM FROM projects WHERE id IN (SELECT DISTINCT project_id FROM added) FOR KEY SHARE;
    PERFORM FROM campaigns WHERE id IN (SELECT DISTINCT campaign_id FROM added) FOR KEY SHARE;
    PERFORM FROM contact_imports WHERE id IN (SELECT DISTINCT import_id FROM added) FOR KEY SHARE;
    PERFORM FROM zone_sets WHERE id IN (SELECT DISTINCT zone_set_id FROM added) FOR KEY SHARE;
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT project_id, campaign_id, import_id, zone_set_id FROM added) a
        WHERE NOT EXISTS (SELECT FROM campaigns k WHERE k.id = a.campaign_id AND k.project_id = a.project_id)
            OR NOT EXISTS (SELECT FROM zone_sets z WHERE z.id = a.zone_set_id)
            OR a.import_id IS NOT NULL AND NOT EXISTS (SELECT FROM contact_imports i WHERE i.id = a.import_id)
    ) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a contact refers to a campaign, import or zone set that is not there';
    END IF;
    UPDATE contacts c
    SET state = 'blocked', disposition = CASE WHEN c.state = 'queued' THEN 'blocked' ELSE coalesce(c.disposition, 'blocked') END,
        blocked_reason = 'blacklist: ' || b.reason, concluded_at = now()
    FROM added a
    JOIN blacklist b ON b.project_id = a.project_id AND b.phone = a.phone AND (b.expires_at IS NULL OR b.expires_at > now())
    WHERE a.state IN ('queued', 'retry') AND c.id = a.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_check_added AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_added_contacts();

CREATE FUNCTION refuse_moving_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.project_id, NEW.campaign_id, NEW.import_id) IS DISTINCT FROM (OLD.project_id, OLD.campaign_id, OLD.import_id) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'a contact stays in its campaign and import';
    END IF;
    IF NOT EXISTS (SELECT FROM zone_sets WHERE id = NEW.zone_set_id FOR KEY SHARE) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a contact refers to a zone set that is not there';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contacts_stay BEFORE UPDATE OF project_id, campaign_id, import_id, zone_set_id ON contacts
    FOR EACH ROW EXECUTE FUNCTION refuse_moving_contacts();

CREATE FUNCTION keep_what_contacts_need() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE is_needed boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM contacts WHERE %I = $1)', TG_ARGV[0]) INTO is_needed USING OLD.id;
    IF is_needed THEN
        RAISE foreign_key_violation USING MESSAGE = 'there are contacts that refer to it';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaigns_keep AFTER DELETE OR UPDATE OF id ON campaigns
    FOR EACH ROW EXECUTE FUNCTION keep_what_contacts_need('campaign_id');
CREATE TRIGGER contact_imports_keep AFTER DELETE OR UPDATE OF id ON contact_imports
    FOR EACH ROW EXECUTE FUNCTION keep_what_contacts_need('import_id');
CREATE TRIGGER zone_sets_keep AFTER DELETE OR UPDATE OF id ON zone_sets
    FOR EACH ROW EXECUTE FUNCTION keep_what_contacts_need('zone_set_id');
CREATE TRIGGER projects_keep AFTER DELETE OR UPDATE OF id ON projects
    FOR EACH ROW EXECUTE FUNCTION keep_what_contacts_need('project_id');

DROP TRIGGER contacts_keep_listed_out ON contacts;
CREATE TRIGGER contacts_keep_listed_out BEFORE UPDATE OF state ON contacts
    FOR EACH ROW WHEN (NEW.state IN ('queued', 'retry')) EXECUTE FUNCTION keep_listed_contact_out();
