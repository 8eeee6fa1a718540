-- Calling hours by the clock of each contact's zone, or by the campaign's own for everybody.

ALTER TABLE campaigns ADD COLUMN is_by_own_clock boolean NOT NULL DEFAULT false;
