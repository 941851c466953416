-- The audit trail. `content` is the canonical text of the event; the other columns repeat parts of
-- it for searches. `recorded` is a FHIR instant in UTC, whose text sorts as its time does.

CREATE TABLE IF NOT EXISTS audit_events (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    position bigint,
    hash     text,
    recorded text COLLATE "C" NOT NULL,
    subject  text NOT NULL,
    patient  text,
    action   text NOT NULL,
    kind     text NOT NULL,
    outcome  text NOT NULL,
    content  text NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_events_by_position ON audit_events (tenant, position DESC);
CREATE INDEX IF NOT EXISTS audit_events_by_time ON audit_events (tenant, recorded DESC);
CREATE INDEX IF NOT EXISTS audit_events_by_patient ON audit_events (tenant, patient)
    WHERE patient IS NOT NULL;

-- The patients of an event that is about several, such as a search by name.
CREATE TABLE IF NOT EXISTS audit_patients (
    tenant  text NOT NULL,
    event   text NOT NULL,
    patient text NOT NULL,
    PRIMARY KEY (tenant, patient, event)
);
