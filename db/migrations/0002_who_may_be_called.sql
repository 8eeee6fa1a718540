-- Who may be called: a queue without listed numbers, public holidays, and what keeping the blacklist needs.

-- One index less to write at every claim: the unique key, turned round, finds the contacts of a number too.
ALTER TABLE contacts DROP CONSTRAINT contacts_project_id_campaign_id_phone_key;
ALTER TABLE contacts ADD UNIQUE (project_id, phone, campaign_id);
DROP INDEX contacts_by_phone;

-- Whoever puts a contact into the queue, in whatever way: while its number is listed it is marked instead, so that the
-- claim never meets it. The claim checks the list again, for entries that were not yet committed here.
CREATE FUNCTION keep_listed_contact_out() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE listed blacklist_reason;
BEGIN
    SELECT b.reason INTO listed FROM blacklist b
    WHERE b.project_id = NEW.project_id AND b.phone = NEW.phone AND (b.expires_at IS NULL OR b.expires_at > now());
    IF FOUND THEN
        NEW.disposition := CASE WHEN NEW.state = 'queued' THEN 'blocked' ELSE coalesce(NEW.disposition, 'blocked') END;
        NEW.state := 'blocked';
        NEW.blocked_reason := 'blacklist: ' || listed;
        NEW.concluded_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER contacts_keep_listed_out BEFORE INSERT OR UPDATE OF state ON contacts
    FOR EACH ROW WHEN (NEW.state IN ('queued', 'retry')) EXECUTE FUNCTION keep_listed_contact_out();

-- Whoever lists a number, in whatever way: its waiting contacts leave every campaign's queue in the same transaction.
-- By id, so that two who list at once wait for each other in one order.
CREATE FUNCTION block_contacts_of_listed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contacts c
    SET state = 'blocked', disposition = CASE WHEN c.state = 'queued' THEN 'blocked' ELSE c.disposition END,
        blocked_reason = 'blacklist: ' || w.reason, concluded_at = now()
    FROM (
        SELECT c.id, l.reason FROM listed l JOIN contacts c ON c.project_id = l.project_id AND c.phone = l.phone
        WHERE c.state IN ('queued', 'retry') AND (l.expires_at IS NULL OR l.expires_at > now())
        ORDER BY c.id FOR UPDATE OF c
    ) w
    WHERE c.id = w.id;
    RETURN NULL;
END $$;
CREATE TRIGGER blacklist_block_contacts_on_insert AFTER INSERT ON blacklist
    REFERENCING NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION block_contacts_of_listed();
CREATE TRIGGER blacklist_block_contacts_on_update AFTER UPDATE ON blacklist
    REFERENCING NEW TABLE AS listed FOR EACH STATEMENT EXECUTE FUNCTION block_contacts_of_listed();

CREATE TABLE holidays (                                -- days on which no window opens, for campaigns that keep them
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    day date NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    PRIMARY KEY (project_id, country, day)
);
-- Labour Code of Russia, article 112: the holidays, and the next working day for those that fall on a weekend
-- (January's are moved by a decree each year: add those days in the panel).
INSERT INTO holidays (country, day, name)
SELECT 'RU', make_date(y, 1, d), CASE d WHEN 7 THEN 'Рождество Христово' ELSE 'Новогодние каникулы' END
FROM generate_series(2026, 2027) y, generate_series(1, 8) d
UNION ALL
SELECT 'RU', make_date(y, h.m, h.d), h.name FROM generate_series(2026, 2027) y, (VALUES
    (2, 23, 'День защитника Отечества'), (3, 8, 'Международный женский день'), (5, 1, 'Праздник Весны и Труда'),
    (5, 9, 'День Победы'), (6, 12, 'День России'), (11, 4, 'День народного единства')) h (m, d, name);
INSERT INTO holidays (country, day, name)
SELECT country, day + (8 - extract(isodow FROM day))::integer, name || ' (перенос)' FROM holidays
WHERE extract(isodow FROM day) > 5 AND extract(month FROM day) > 1;

ALTER TABLE campaigns ADD COLUMN keeps_holidays boolean NOT NULL DEFAULT false; -- those of its default country
