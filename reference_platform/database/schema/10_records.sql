-- FHIR resources, allergy lists, orders. Here are the indexes that keep rows apart; those that make
-- them fast to find are a decision (bounded_queries).
--
-- `content` is json and not jsonb: it is written once and read whole, and its text costs half as
-- much to store, and nothing to show. Who searches in it casts the part that is compared.

CREATE TABLE IF NOT EXISTS resources (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    type     text NOT NULL,
    id       text NOT NULL,
    version  integer NOT NULL DEFAULT 1,
    patient  text,
    family   text COLLATE "C",
    content  json NOT NULL,
    PRIMARY KEY (id, type)
);
-- Of a Patient: date of birth and gender. Of the others: when it happened.
ALTER TABLE resources ADD COLUMN IF NOT EXISTS date timestamptz;
ALTER TABLE resources ADD COLUMN IF NOT EXISTS gender text;
-- `meta.lastUpdated` of the content, for who asks it of many rows.
ALTER TABLE resources ADD COLUMN IF NOT EXISTS updated timestamptz NOT NULL DEFAULT now();

-- What resources were before, and that they were deleted. Current reads never look here.
CREATE TABLE IF NOT EXISTS resource_versions (
    tenant  text NOT NULL,
    type    text NOT NULL,
    id      text NOT NULL,
    version integer NOT NULL,
    patient text,
    deleted timestamptz,
    content json,
    PRIMARY KEY (id, type, version)
);

-- A table of its own and not an array: under row-level security only leakproof operators such as
-- text equality may use an index.
CREATE TABLE IF NOT EXISTS identifiers (
    tenant  text NOT NULL,
    type    text NOT NULL,
    value   text NOT NULL,
    id      text NOT NULL,
    patient text,
    PRIMARY KEY (value, type, id)
);
ALTER TABLE identifiers ADD COLUMN IF NOT EXISTS patient text;

-- Who wrote which version.
CREATE TABLE IF NOT EXISTS provenances (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    patient  text,
    target   text NOT NULL,
    version  integer NOT NULL,
    recorded timestamptz NOT NULL,
    activity text NOT NULL,
    subject  text NOT NULL,
    role     text NOT NULL
);

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
