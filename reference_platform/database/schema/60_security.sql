-- Revoked access tokens, and alerts.

-- The tenant is '*': every gateway knows them all, whoever's they were.
CREATE TABLE IF NOT EXISTS revocations (
    tenant  text NOT NULL,
    jti     text PRIMARY KEY,
    expires double precision NOT NULL
);

CREATE TABLE IF NOT EXISTS alerts (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    kind     text NOT NULL,
    subject  text NOT NULL,
    role     text NOT NULL,
    target   text NOT NULL,
    reason   text NOT NULL,
    recorded timestamptz NOT NULL,
    ends     timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS alerts_by_tenant ON alerts (tenant, sequence DESC);

-- Every chart that is read asks for its patient's consents, whatever else has an index.
CREATE INDEX IF NOT EXISTS consents_by_patient ON resources (patient) WHERE type = 'Consent';
