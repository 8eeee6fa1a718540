-- Rows of a contact file whose number costs extra become no contacts.

ALTER TYPE import_reject ADD VALUE 'premium_rate';
