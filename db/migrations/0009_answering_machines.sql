-- What is kept of a detection beside its evidence, and what people who listened to it say.

ALTER TABLE attempts ADD COLUMN amd_audio_path text;   -- below the recordings' folder; its file is deleted in time

CREATE TABLE amd_labels (                              -- who really answered, by somebody who listened
    attempt_id uuid PRIMARY KEY REFERENCES attempts,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    label text NOT NULL CHECK (label IN ('human', 'machine', 'fax')),
    labelled_by bigint REFERENCES users,
    labelled_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX amd_labels_by_campaign ON amd_labels (campaign_id, label);

-- The review's pages: newest first, of what was listened to at all.
CREATE INDEX attempts_detected ON attempts (claimed_at, id) WHERE amd_verdict IS NOT NULL;
