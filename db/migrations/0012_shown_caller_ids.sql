-- The claim chooses caller IDs itself now (db/queries/claims.sql, `shown`): a call of this function was half of its time.

DROP FUNCTION shown_caller_id;
