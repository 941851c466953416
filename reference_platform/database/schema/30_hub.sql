-- What partners have told, and what was asked of them.

CREATE TABLE IF NOT EXISTS visits (
    tenant     text NOT NULL,
    visit      text NOT NULL,
    patient    text NOT NULL,
    status     text NOT NULL,
    ward       text NOT NULL,
    admissions integer NOT NULL,
    events     integer NOT NULL,
    PRIMARY KEY (visit, tenant)
);

CREATE TABLE IF NOT EXISTS visit_events (
    tenant     text NOT NULL,
    sender     text NOT NULL,
    control_id text NOT NULL,
    visit      text NOT NULL,
    trigger    text NOT NULL,
    occurred   text COLLATE "C" NOT NULL,
    patient    text NOT NULL,
    ward       text NOT NULL,
    PRIMARY KEY (control_id, sender, tenant)
);
CREATE INDEX IF NOT EXISTS visit_events_by_visit ON visit_events (visit, tenant);

-- Canonical events, as the adapters have read them.
CREATE TABLE IF NOT EXISTS canonical_events (
    tenant     text NOT NULL,
    sender     text NOT NULL,
    control_id text NOT NULL,
    visit      text NOT NULL,
    patient    text NOT NULL,
    occurred   text COLLATE "C" NOT NULL,
    content    jsonb NOT NULL,
    PRIMARY KEY (control_id, sender, tenant)
);
CREATE INDEX IF NOT EXISTS canonical_events_by_visit ON canonical_events (visit, tenant);

-- Messages that could not be applied. `digest` is that of the message: one that is sent again and
-- again is one row. `patient` is the identifier found in it, if any.
CREATE TABLE IF NOT EXISTS quarantine (
    sequence   bigint GENERATED ALWAYS AS IDENTITY,
    tenant     text NOT NULL,
    id         text NOT NULL,
    received   timestamptz NOT NULL,
    sender     text NOT NULL,
    control_id text NOT NULL,
    patient    text,
    place      text NOT NULL,
    reason     text NOT NULL,
    state      text NOT NULL,
    times      integer NOT NULL,
    digest     text NOT NULL,
    message    bytea NOT NULL,
    PRIMARY KEY (id, tenant),
    UNIQUE (digest, tenant)
);
CREATE INDEX IF NOT EXISTS quarantine_by_tenant ON quarantine (tenant, state, sequence DESC);

CREATE TABLE IF NOT EXISTS lab_orders (
    tenant  text NOT NULL,
    id      text NOT NULL,
    patient text NOT NULL,
    code    text NOT NULL,
    state   text NOT NULL,
    key     text,
    PRIMARY KEY (id, tenant)
);
CREATE INDEX IF NOT EXISTS lab_orders_by_key ON lab_orders (key, tenant);
CREATE INDEX IF NOT EXISTS lab_orders_by_patient ON lab_orders (patient, tenant);

CREATE TABLE IF NOT EXISTS transfers (
    tenant   text NOT NULL,
    id       text NOT NULL,
    patient  text NOT NULL,
    location text,
    PRIMARY KEY (id, tenant)
);
CREATE INDEX IF NOT EXISTS transfers_by_patient ON transfers (patient, tenant);
