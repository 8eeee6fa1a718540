-- Several caller IDs per campaign and gateway, and which of them a call shows.

CREATE TYPE caller_id_choice AS ENUM ('same_for_number', 'rotate');
ALTER TABLE campaigns ADD COLUMN caller_id_choice caller_id_choice NOT NULL DEFAULT 'same_for_number';

ALTER TABLE caller_ids ADD UNIQUE (id, gateway_id);
CREATE TABLE campaign_caller_ids (
    campaign_id bigint NOT NULL REFERENCES campaigns,
    gateway_id bigint NOT NULL,
    caller_id_id bigint NOT NULL,
    place smallint NOT NULL DEFAULT 1,                 -- order of preference
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    PRIMARY KEY (project_id, campaign_id, caller_id_id),
    FOREIGN KEY (project_id, campaign_id, gateway_id) REFERENCES campaign_gateways ON DELETE CASCADE,
    FOREIGN KEY (caller_id_id, gateway_id) REFERENCES caller_ids (id, gateway_id) -- registered on that very gateway
);
CREATE INDEX campaign_caller_ids_used ON campaign_caller_ids (caller_id_id);
INSERT INTO campaign_caller_ids (campaign_id, gateway_id, caller_id_id, place, project_id)
SELECT campaign_id, gateway_id, caller_id_id, place, project_id FROM campaign_gateways;
ALTER TABLE campaign_gateways DROP COLUMN caller_id_id;

-- Which of a line's caller IDs a call shows. By the number: the one that ranks first for it, in every campaign and at
-- every attempt; a caller ID that comes or goes changes it only for the numbers that it ranks first for. Else in turn.
CREATE FUNCTION shown_caller_id(caller_ids text[], choice caller_id_choice, phone text, turn bigint) RETURNS text
LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE choice
        WHEN 'rotate' THEN caller_ids[1 + turn % cardinality(caller_ids)]
        ELSE (SELECT c FROM unnest(caller_ids) c ORDER BY hashtextextended(c || phone, 0), c LIMIT 1)
    END
$$;
