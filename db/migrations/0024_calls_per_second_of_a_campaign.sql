-- Beside its calls per minute a campaign may have a limit of calls per second, over all its gateways.

ALTER TABLE campaigns
    ADD COLUMN calls_per_second numeric(7, 2) CHECK (calls_per_second > 0); -- NULL: no limit of its own
