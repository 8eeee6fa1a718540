-- The claim chooses caller IDs itself now (db/queries/claims.sql, `shown`): this function was run as a query of its own for every contact.

DROP FUNCTION shown_caller_id;
