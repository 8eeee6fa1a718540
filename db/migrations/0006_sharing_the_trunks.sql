-- How fast each gateway may be used now, and how campaigns share what all of them use.

CREATE TYPE breaker_state AS ENUM ('closed', 'open', 'half_open');

CREATE TABLE gateway_health (                          -- no row: nothing ever went wrong
    gateway_id bigint PRIMARY KEY REFERENCES gateways,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    share real NOT NULL DEFAULT 1 CHECK (share > 0 AND share <= 1), -- of the gateway's calls per second
    state breaker_state NOT NULL DEFAULT 'closed',
    reason text NOT NULL DEFAULT '',                   -- what the trunk answered last: cause and SIP status
    failures integer NOT NULL DEFAULT 0,               -- of `tries` calls, when it was slowed down or opened last
    tries integer NOT NULL DEFAULT 0,
    pause_s real NOT NULL DEFAULT 0,                   -- how long it is open; the next time twice as long
    open_until timestamptz,
    cut_at timestamptz,                                -- when it was slowed down last
    changed_at timestamptz NOT NULL DEFAULT now(),     -- of the breaker's state
    judged_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE campaigns
    ADD COLUMN weight smallint NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
    ADD COLUMN priority smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9); -- 9 comes first
