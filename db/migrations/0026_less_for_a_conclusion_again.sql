-- Less to look at, and less to write, for every call that ends.

-- Whoever knows better later counts its call among the abandoned ones itself, as the conclusion does: a trigger that asks
-- whether it is meant costs every conclusion.
DROP TRIGGER attempts_count_abandoned ON attempts;
DROP FUNCTION count_abandoned;

-- A trigger for each row before it is written has the row locked first, by a record of its own in the log, whether it comes
-- to anything or not. Nobody writes these columns: a statement that would is refused as a whole.
CREATE FUNCTION refuse_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = format('rows of %s keep their %s', TG_TABLE_NAME, TG_ARGV[0]);
END $$;
DROP TRIGGER attempts_stay ON attempts;
CREATE TRIGGER attempts_stay
    BEFORE UPDATE OF project_id, campaign_id, contact_id, gateway_id, flow_version_id ON attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_writing('project, campaign, contact, gateway and flow');

-- A condition of a table is read for each of its rows, that of a type where a value of it is written.
CREATE DOMAIN amd_verdict AS text;                     -- first without its condition: so no table is written anew
ALTER TABLE attempts DROP CONSTRAINT attempts_amd_verdict_check, ALTER COLUMN amd_verdict TYPE amd_verdict;
ALTER DOMAIN amd_verdict ADD CONSTRAINT amd_verdict_is_known CHECK (VALUE IN ('human', 'machine', 'fax', 'unsure'));

-- What a statement ends with that has found something else than it went by: nothing of it is written, and who sent it looks
-- anew. Of its argument only the type counts.
CREATE FUNCTION overtaken(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN
    RAISE serialization_failure USING MESSAGE = 'overtaken: what was known has changed meanwhile, it is read anew';
END $$;

-- A conclusion asks the lists in its own statement, in less time than a trigger's function takes. It says so by
-- turning this over, unless the number is listed: the trigger then does what is due. Who does not ask lets it be.
ALTER TABLE contacts ADD COLUMN lists_asked boolean NOT NULL DEFAULT false;
DROP TRIGGER contacts_keep_blocked_out ON contacts;
CREATE TRIGGER contacts_keep_blocked_out BEFORE UPDATE OF state ON contacts
    FOR EACH ROW WHEN (NEW.state IN ('queued', 'retry', 'blocked') AND NEW.lists_asked = OLD.lists_asked)
    EXECUTE FUNCTION keep_blocked_contact_out();
