-- Results on a switch's disk that can't be written down before a stored flow or rule is mended, by the switch's own word.

ALTER TABLE switches ADD COLUMN kept_results integer NOT NULL DEFAULT 0 CHECK (kept_results >= 0);
