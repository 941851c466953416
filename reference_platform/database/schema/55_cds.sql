-- Scores as they were told, append-only. A later version may add members to `content` of format 1,
-- and neither renames nor removes any: the version before it has to read them.

CREATE TABLE IF NOT EXISTS assessments (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant   text NOT NULL,
    patient  text NOT NULL,
    format   integer NOT NULL DEFAULT 1,
    content  jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS assessments_by_patient ON assessments (patient, sequence DESC);
