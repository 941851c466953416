-- Work that nobody waits for: the queue, letters, referrals, charges and bills.

-- state: queued, running (until leased_until, for whoever holds the lease), done, dead.
CREATE TABLE IF NOT EXISTS jobs (
    tenant       text NOT NULL,
    id           text NOT NULL,
    kind         text NOT NULL,
    payload      jsonb NOT NULL,
    traceparent  text,
    state        text NOT NULL DEFAULT 'queued',
    attempts     integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    available_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    lease        text,
    reason       text,
    PRIMARY KEY (id, kind)
);
CREATE INDEX IF NOT EXISTS jobs_to_do ON jobs (tenant, kind, available_at)
    WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS jobs_not_done ON jobs (tenant, kind, state) WHERE state <> 'done';

CREATE TABLE IF NOT EXISTS letters (
    tenant  text NOT NULL,
    id      text PRIMARY KEY,
    patient text NOT NULL,
    visit   text,
    status  text NOT NULL DEFAULT 'queued',
    content text,
    created timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS letters_by_patient ON letters (patient);

-- status: accepted, compensating, completed, compensated, failed.
CREATE TABLE IF NOT EXISTS referrals (
    tenant  text NOT NULL,
    id      text PRIMARY KEY,
    patient text NOT NULL,
    content jsonb NOT NULL,
    status  text NOT NULL,
    started timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS referrals_by_patient ON referrals (patient);

-- state: pending, running, done, failed, compensated.
CREATE TABLE IF NOT EXISTS referral_steps (
    tenant   text NOT NULL,
    referral text NOT NULL,
    position integer NOT NULL,
    name     text NOT NULL,
    state    text NOT NULL,
    PRIMARY KEY (referral, name)
);

-- Amounts are in cents.
CREATE TABLE IF NOT EXISTS charges (
    tenant       text NOT NULL,
    order_id     text PRIMARY KEY,
    patient      text NOT NULL,
    amount       bigint NOT NULL,
    run          text
);
CREATE INDEX IF NOT EXISTS charges_to_bill ON charges (patient) WHERE run IS NULL;

CREATE TABLE IF NOT EXISTS accounts (
    tenant   text NOT NULL,
    patient  text NOT NULL,
    open     bigint NOT NULL,
    last_run text,
    PRIMARY KEY (patient, tenant)
);
CREATE INDEX IF NOT EXISTS accounts_to_bill ON accounts (tenant, patient) WHERE open > 0;

CREATE TABLE IF NOT EXISTS billing_runs (
    tenant text NOT NULL,
    id     text PRIMARY KEY,
    status text NOT NULL DEFAULT 'running'
);

CREATE TABLE IF NOT EXISTS invoices (
    tenant  text NOT NULL,
    run     text NOT NULL,
    patient text NOT NULL,
    amount  bigint NOT NULL,
    PRIMARY KEY (run, patient)
);
