-- Several switches: where each is, what it may carry, and what the leading scheduler has seen of it. Passwords are not here.

CREATE TABLE switches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
    host text NOT NULL CHECK (host <> ''),             -- of its Event Socket
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    max_channels integer CHECK (max_channels > 0),     -- NULL: as many as all switches together may have
    is_enabled boolean NOT NULL DEFAULT true,
    disabled_at timestamptz,                           -- NULL: never, or enabled since
    is_from_settings boolean NOT NULL DEFAULT false,   -- host and port follow the scheduler's environment
    core_uuid uuid,                                    -- from here on: as the leading scheduler saw it last
    answered_at timestamptz,
    channels integer,                                  -- of all kinds, by the switch's own word
    out_because text,                                  -- NULL: it takes calls
    seen_at timestamptz,                               -- when the scheduler wrote it down
    UNIQUE (project_id, name),
    UNIQUE (project_id, host, port)
);

-- The switch the originate went to; no foreign key, so that one may be removed without a look at every attempt.
ALTER TABLE attempts ADD COLUMN switch_id bigint;
