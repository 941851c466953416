-- FHIR resources, allergy lists, orders.

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
