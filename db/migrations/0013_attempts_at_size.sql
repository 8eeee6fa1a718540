-- A hundred attempts at once: what they refer to is few and the same for all, and was looked up row by row.

-- Four of five foreign keys are held a statement at a time, as those of contacts are. The contact's own stays.
ALTER TABLE attempts
    DROP CONSTRAINT attempts_project_id_fkey, DROP CONSTRAINT attempts_campaign_id_fkey,
    DROP CONSTRAINT attempts_gateway_id_fkey, DROP CONSTRAINT attempts_flow_version_id_fkey;

CREATE FUNCTION check_added_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
    is_whole boolean;
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
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_check_added AFTER INSERT ON attempts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_added_attempts();

CREATE FUNCTION refuse_moving_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.project_id, NEW.campaign_id, NEW.gateway_id, NEW.flow_version_id)
        IS DISTINCT FROM (OLD.project_id, OLD.campaign_id, OLD.gateway_id, OLD.flow_version_id) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'an attempt keeps its campaign, gateway and flow';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempts_stay BEFORE UPDATE OF project_id, campaign_id, gateway_id, flow_version_id ON attempts
    FOR EACH ROW EXECUTE FUNCTION refuse_moving_attempts();

CREATE FUNCTION keep_what_attempts_need() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE is_needed boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM attempts WHERE %I = $1)', TG_ARGV[0]) INTO is_needed USING OLD.id;
    IF is_needed THEN
        RAISE foreign_key_violation USING MESSAGE = 'there are attempts that refer to it';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER projects_keep_for_attempts AFTER DELETE OR UPDATE OF id ON projects
    FOR EACH ROW EXECUTE FUNCTION keep_what_attempts_need('project_id');
CREATE TRIGGER campaigns_keep_for_attempts AFTER DELETE OR UPDATE OF id ON campaigns
    FOR EACH ROW EXECUTE FUNCTION keep_what_attempts_need('campaign_id');
CREATE TRIGGER gateways_keep_for_attempts AFTER DELETE OR UPDATE OF id ON gateways
    FOR EACH ROW EXECUTE FUNCTION keep_what_attempts_need('gateway_id');
CREATE TRIGGER flow_versions_keep_for_attempts AFTER DELETE OR UPDATE OF id ON flow_versions
    FOR EACH ROW EXECUTE FUNCTION keep_what_attempts_need('flow_version_id');
