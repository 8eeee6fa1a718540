-- Operators' legs that nobody answered: what they ended with says of a trunk what calls' ends say. Kept for an hour.

CREATE TABLE operator_leg_failures (
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    attempt_id uuid NOT NULL,                          -- the callee's, whom it was to take
    gateway_id bigint NOT NULL REFERENCES gateways,
    left_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    hangup_cause text NOT NULL,
    sip_code smallint,
    PRIMARY KEY (project_id, attempt_id)
);
CREATE INDEX operator_leg_failures_ended_at ON operator_leg_failures (ended_at);
