-- Less to keep up and to look up for every attempt, and sooner tidied.

-- Nobody asks for attempts by contact alone; those of a number are found by the number.
DROP INDEX attempts_by_contact;
-- The latest attempts are found by campaign and time. This index knows nothing of pages that no vacuum has seen: those.
DROP INDEX attempts_by_time;

-- A claim looks up which prefixes cost extra: a range of this key, which the order of bytes makes one.
ALTER TABLE refused_prefixes ALTER COLUMN prefix TYPE text COLLATE "C";

-- Whoever leaves the queue, or is concluded, leaves an entry behind in an index of those that wait or are open. Every
-- claim steps over them until a vacuum comes: by default after a fifth of all rows, 200,000 of a million contacts.
ALTER TABLE contacts SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE attempts SET (autovacuum_vacuum_scale_factor = 0.05);

-- The last foreign key of attempts that was checked row by row: their contacts, all of a statement's at once.
ALTER TABLE attempts DROP CONSTRAINT attempts_contact_id_fkey;

CREATE OR REPLACE FUNCTION check_added_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
    is_whole boolean;
    contact_ids bigint[] := ARRAY(SELECT DISTINCT contact_id FROM added);
BEGIN
    FOR a IN SELECT DISTINCT project_id, campaign_id, gateway_id, flow_version_id FROM added LOOP
        -- KEY SHARE, as a foreign key does: who is referred to can't be deleted before this transaction ends.
        PERFORM FROM projects p WHERE p.id = a.project_id FOR KEY SHARE;
        is_whole := FOUND;
        PERFORM FROM campaigns k WHERE k.id = a.campaign_id FOR KEY SHARE;
        is_whole := is_whole AND FOUND;
        PERFORM FROM gateways g WHERE g.id = a.gateway_id FOR KEY SHARE;
        is_whole := is_whole AND FOUND;
        PERFORM FROM flow_versions v WHERE v.id = a.flow_version_id FOR KEY SHARE;
        IF NOT (is_whole AND FOUND) THEN
            RAISE foreign_key_violation USING MESSAGE = 'an attempt refers to a campaign, gateway or flow that is not there';
        END IF;
    END LOOP;
    IF cardinality(contact_ids) <> (
        SELECT count(*) FROM (SELECT FROM contacts c WHERE c.id = ANY(contact_ids) FOR KEY SHARE) found
    ) THEN
        RAISE foreign_key_violation USING MESSAGE = 'an attempt refers to a contact that is not there';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION refuse_moving_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.project_id, NEW.campaign_id, NEW.contact_id, NEW.gateway_id, NEW.flow_version_id)
        IS DISTINCT FROM (OLD.project_id, OLD.campaign_id, OLD.contact_id, OLD.gateway_id, OLD.flow_version_id) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'an attempt keeps its campaign, contact, gateway and flow';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER attempts_stay ON attempts;
CREATE TRIGGER attempts_stay
    BEFORE UPDATE OF project_id, campaign_id, contact_id, gateway_id, flow_version_id ON attempts
    FOR EACH ROW EXECUTE FUNCTION refuse_moving_attempts();

CREATE FUNCTION keep_contacts_of_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM removed r JOIN attempts a ON a.contact_id = r.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'there are attempts that refer to it';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_keep_for_attempts AFTER DELETE ON contacts
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION keep_contacts_of_attempts();
