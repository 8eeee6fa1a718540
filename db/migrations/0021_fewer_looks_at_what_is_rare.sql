-- Every conclusion opens each index of its tables and asks whether the row belongs into it, and reads each condition of its
-- tables anew. What is rare shares an index, and what is nearly never written is checked where it is written.

DROP INDEX attempts_abandoned, attempts_without_operator;
CREATE INDEX attempts_rare ON attempts (campaign_id, claimed_at) WHERE disposition = 'abandoned' OR no_operator;

CREATE DOMAIN nonempty_text AS text;                   -- first without its condition: so no table is written anew
ALTER TABLE contacts
    DROP CONSTRAINT contacts_consent_basis_check,
    DROP CONSTRAINT contacts_consent_source_check,
    ALTER COLUMN consent_basis TYPE nonempty_text,
    ALTER COLUMN consent_source TYPE nonempty_text;
ALTER DOMAIN nonempty_text ADD CONSTRAINT nonempty_text_is_not_empty CHECK (VALUE <> '');
