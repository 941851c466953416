-- Requests that were answered, by the key that their sender gave them.

CREATE TABLE IF NOT EXISTS idempotency_keys (
    tenant text NOT NULL,
    key    text NOT NULL,
    digest text NOT NULL,
    result text,
    PRIMARY KEY (tenant, key)
);
