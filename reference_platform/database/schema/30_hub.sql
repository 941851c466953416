-- What partners have told.

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
