-- list_all -- Every holiday, by country and day.
SELECT country, day, name FROM holidays WHERE project_id = 1 ORDER BY country, day

-- add -- A holiday, or its new name.
INSERT INTO holidays (country, day, name) VALUES (%(country)s, %(day)s, %(name)s)
ON CONFLICT (project_id, country, day) DO UPDATE SET name = excluded.name

-- remove -- A day that is none (any more).
DELETE FROM holidays WHERE project_id = 1 AND country = %(country)s AND day = %(day)s
