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

-- Of a statement's rows all at once: a million are imported.
CREATE FUNCTION check_added_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added n WHERE num_nulls(n.consent_basis, n.consent_at, n.consent_source) NOT IN (0, 3)) THEN
        PERFORM refuse_half_a_consent();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_check_added_consents AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_added_consents();

ALTER TABLE contacts DROP CONSTRAINT contacts_consent_is_whole;
