-- Calls in proportion to the people who take them: what an admin set for a campaign, and what was learnt meanwhile.
-- Enum members are glossed once, in dialer.adaptive_pacing.PacingMode.

CREATE TYPE pacing_mode AS ENUM ('fixed', 'progressive', 'predictive');

CREATE TABLE campaign_pacing (                         -- no row: fixed
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    campaign_id bigint NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    mode pacing_mode NOT NULL,
    operators integer NOT NULL CHECK (operators >= 0),  -- who take transferred calls, free or not
    lines_per_operator numeric(4, 2) NOT NULL DEFAULT 1 CHECK (lines_per_operator > 0),
    abandon_cap numeric(5, 4) NOT NULL DEFAULT 0.03 CHECK (abandon_cap > 0 AND abandon_cap < 1),
    state jsonb NOT NULL DEFAULT '{}',                 -- dialer.adaptive_pacing.PacingState
    ended bigint NOT NULL DEFAULT 0,                   -- what of the campaign's tallies is in the state already
    transferred bigint NOT NULL DEFAULT 0,
    abandoned bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, campaign_id)
);

-- The callee asked for an operator and was put through to none.
ALTER TABLE attempts ADD COLUMN no_operator boolean NOT NULL DEFAULT false;
CREATE INDEX attempts_without_operator ON attempts (campaign_id) WHERE no_operator;
