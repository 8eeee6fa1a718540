-- What contacts and attempts share instead of a foreign key: functions for both, told by their arguments what is meant.

-- Arguments: the table that refers to the row that goes, and the column by which it does.
CREATE FUNCTION keep_what_is_needed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE is_needed boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1)', TG_ARGV[0], TG_ARGV[1]) INTO is_needed USING OLD.id;
    IF is_needed THEN
        RAISE foreign_key_violation USING MESSAGE = format('there are %s that refer to it', TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$;

-- Arguments: the columns that a row keeps.
CREATE FUNCTION refuse_moving() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name THEN
            RAISE integrity_constraint_violation USING MESSAGE = format('a row of %s keeps its %s', TG_TABLE_NAME, name);
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

CREATE FUNCTION check_zone_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM zone_sets WHERE id = NEW.zone_set_id FOR KEY SHARE) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a contact refers to a zone set that is not there';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER contacts_stay ON contacts;
CREATE TRIGGER contacts_stay BEFORE UPDATE OF project_id, campaign_id, import_id ON contacts
    FOR EACH ROW EXECUTE FUNCTION refuse_moving('project_id', 'campaign_id', 'import_id');
CREATE TRIGGER contacts_zone_set BEFORE UPDATE OF zone_set_id ON contacts
    FOR EACH ROW EXECUTE FUNCTION check_zone_set();
DROP TRIGGER attempts_stay ON attempts;
CREATE TRIGGER attempts_stay
    BEFORE UPDATE OF project_id, campaign_id, contact_id, gateway_id, flow_version_id ON attempts
    FOR EACH ROW EXECUTE FUNCTION refuse_moving('project_id', 'campaign_id', 'contact_id', 'gateway_id', 'flow_version_id');

DO $$
DECLARE kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('campaigns', 'campaigns_keep', 'contacts', 'campaign_id'),
        ('contact_imports', 'contact_imports_keep', 'contacts', 'import_id'),
        ('zone_sets', 'zone_sets_keep', 'contacts', 'zone_set_id'),
        ('projects', 'projects_keep', 'contacts', 'project_id'),
        ('projects', 'projects_keep_for_attempts', 'attempts', 'project_id'),
        ('campaigns', 'campaigns_keep_for_attempts', 'attempts', 'campaign_id'),
        ('gateways', 'gateways_keep_for_attempts', 'attempts', 'gateway_id'),
        ('flow_versions', 'flow_versions_keep_for_attempts', 'attempts', 'flow_version_id')
    ) AS known (of_table, name, by_table, by_column) LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', kept.name, kept.of_table);
        EXECUTE format(
            'CREATE TRIGGER %I AFTER DELETE OR UPDATE OF id ON %I FOR EACH ROW EXECUTE FUNCTION keep_what_is_needed(%L, %L)',
            kept.name, kept.of_table, kept.by_table, kept.by_column);
    END LOOP;
END $$;
DROP FUNCTION refuse_moving_contacts, refuse_moving_attempts, keep_what_contacts_need, keep_what_attempts_need;
