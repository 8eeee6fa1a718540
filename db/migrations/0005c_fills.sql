-- Imports that take contacts of other campaigns instead of a file's rows.

ALTER TABLE contact_imports ADD COLUMN source_filter jsonb; -- db.contact_fill.ContactFilter; NULL: a file was imported
