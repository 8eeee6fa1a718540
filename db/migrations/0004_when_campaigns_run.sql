-- When campaigns run: schedules and the log of their runs, why a campaign is paused, and who schedules.

CREATE TYPE schedule_action AS ENUM ('start', 'pause', 'stop');
CREATE TYPE run_result AS ENUM ('started', 'paused', 'stopped', 'refused', 'missed', 'skipped');
CREATE TYPE pause_reason AS ENUM ('person', 'schedule', 'abandon_cap');

ALTER TABLE campaigns
    ADD COLUMN pause_reason pause_reason,              -- while it is paused; NULL then: a person's
    ADD COLUMN hang_up_asked_at timestamptz;           -- it was stopped together with its live calls

CREATE TABLE campaign_schedules (
    campaign_id bigint NOT NULL REFERENCES campaigns,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    time_zone text NOT NULL,
    start_at timestamptz,
    stop_at timestamptz,
    cron text,                                         -- dialer.cron reads it; so it does pause_cron
    pause_cron text,
    late_start_s integer NOT NULL CHECK (late_start_s BETWEEN 0 AND 86400),
    handled_until timestamptz NOT NULL DEFAULT now(),  -- every run up to here is in the log
    next_run_at timestamptz DEFAULT now(),             -- when to look next; NULL: no run is left
    CHECK (start_at IS NOT NULL OR stop_at IS NOT NULL OR cron IS NOT NULL),
    PRIMARY KEY (project_id, campaign_id)
);
CREATE INDEX campaign_schedules_next ON campaign_schedules (next_run_at) WHERE next_run_at IS NOT NULL;

CREATE TABLE campaign_runs (                           -- every run of a schedule, once
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    due_at timestamptz NOT NULL,
    action schedule_action NOT NULL,
    result run_result NOT NULL,
    reason text,                                       -- dialer.schedule.RunReason or an obstacle of the preflight
    runs integer NOT NULL DEFAULT 1 CHECK (runs > 0),  -- how many missed ones this line stands for, due_at the latest's
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, campaign_id, due_at, action)
);

CREATE TABLE schedulers (                              -- one row a process, written by itself every few seconds
    id text PRIMARY KEY,                               -- host:pid
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    last_round_at timestamptz,                         -- when the dial loop last looked
    held_by text,                                      -- what keeps it from dialing; NULL: nothing
    is_leader boolean                                  -- NULL: there is no leader, all work side by side
);
