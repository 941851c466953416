-- Legal holds, proofs of erasure, the keys of exports, and the exports.

CREATE TABLE IF NOT EXISTS legal_holds (
    tenant  text NOT NULL,
    patient text NOT NULL,
    active  boolean NOT NULL,
    reason  text NOT NULL,
    since   timestamptz NOT NULL,
    PRIMARY KEY (patient, tenant)
);

-- `person` is a digest: the proof of an erasure must not name who was erased.
CREATE TABLE IF NOT EXISTS erasures (
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    person   text NOT NULL,
    recorded timestamptz NOT NULL,
    reason   text NOT NULL,
    counts   text NOT NULL,
    digest   text NOT NULL
);

-- Without its key, what of a patient is in exports and backups of them is noise.
CREATE TABLE IF NOT EXISTS patient_keys (
    tenant  text NOT NULL,
    patient text NOT NULL,
    id      text NOT NULL UNIQUE,
    key     bytea NOT NULL,
    PRIMARY KEY (patient, tenant)
);

CREATE TABLE IF NOT EXISTS exports (
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    recorded timestamptz NOT NULL,
    patients integer NOT NULL,
    lines    integer NOT NULL
);
