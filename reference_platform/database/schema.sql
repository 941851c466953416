-- The platform's schema. Every statement may run again on a database that already has it.
-- Only functions of PostgreSQL itself: the embedded server ships no contrib modules.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES ('platform_app', 'NOBYPASSRLS'), ('platform_pilot', 'BYPASSRLS'))
            AS roles (name, bypass)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            EXECUTE format('CREATE ROLE %I', wanted.name);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE %s PASSWORD %L',
            wanted.name, wanted.bypass, current_setting('platform.password'));
        EXECUTE format('ALTER ROLE %I SET search_path = platform', wanted.name);
    END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS platform;
SET LOCAL search_path = platform;

CREATE TABLE IF NOT EXISTS resources (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    type     text NOT NULL,
    id       text NOT NULL,
    version  integer NOT NULL DEFAULT 1,
    patient  text,
    family   text COLLATE "C",
    content  jsonb NOT NULL,
    PRIMARY KEY (id, type)
);
CREATE INDEX IF NOT EXISTS resources_by_patient ON resources (patient, type, sequence DESC);
CREATE INDEX IF NOT EXISTS resources_by_family ON resources (type, family);
CREATE INDEX IF NOT EXISTS resources_by_tenant ON resources (tenant, type, sequence DESC);

-- A table of its own and not an array: under row-level security only leakproof operators such as
-- text equality may use an index.
CREATE TABLE IF NOT EXISTS identifiers (
    tenant text NOT NULL,
    type   text NOT NULL,
    value  text NOT NULL,
    id     text NOT NULL,
    PRIMARY KEY (value, type, id)
);
CREATE INDEX IF NOT EXISTS identifiers_by_resource ON identifiers (id, type);

CREATE TABLE IF NOT EXISTS allergy_lists (
    tenant    text NOT NULL,
    patient   text PRIMARY KEY,
    version   integer NOT NULL DEFAULT 0,
    allergies jsonb NOT NULL DEFAULT '[]'
);

CREATE TABLE IF NOT EXISTS orders (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    patient  text,
    content  jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_by_patient ON orders (patient, sequence);

CREATE TABLE IF NOT EXISTS slots (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    status   text NOT NULL DEFAULT 'free',
    content  jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS slots_by_status ON slots (tenant, status, sequence DESC);

CREATE TABLE IF NOT EXISTS appointments (
    sequence  bigint GENERATED ALWAYS AS IDENTITY,
    tenant    text NOT NULL,
    id        text PRIMARY KEY,
    slot      text NOT NULL,
    patient   text NOT NULL,
    exclusive boolean NOT NULL
);
CREATE INDEX IF NOT EXISTS appointments_by_slot ON appointments (slot, sequence);
CREATE UNIQUE INDEX IF NOT EXISTS one_exclusive_appointment_per_slot
    ON appointments (slot) WHERE exclusive;

CREATE TABLE IF NOT EXISTS idempotency_keys (
    tenant text NOT NULL,
    key    text NOT NULL,
    digest text NOT NULL,
    result text,
    PRIMARY KEY (tenant, key)
);

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

GRANT USAGE ON SCHEMA platform TO platform_app, platform_pilot;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA platform
    TO platform_app, platform_pilot;

DO $$
DECLARE
    owned record;
BEGIN
    FOR owned IN SELECT tablename FROM pg_tables WHERE schemaname = 'platform' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned.tablename);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned.tablename);
        EXECUTE format('DROP POLICY IF EXISTS own_tenant ON %I', owned.tablename);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant = current_setting(''app.tenant'', true)) '
            'WITH CHECK (tenant = current_setting(''app.tenant'', true))', owned.tablename);
    END LOOP;
END
$$;
