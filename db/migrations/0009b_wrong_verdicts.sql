-- Whether a listener's label says that a verdict was wrong: unsure is treated as a person. NULL: nobody listened.

CREATE FUNCTION is_amd_wrong(verdict text, label text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN CASE verdict WHEN 'unsure' THEN 'human' ELSE verdict END <> label;
