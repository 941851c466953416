-- Slots, and who has them.

CREATE TABLE IF NOT EXISTS slots (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    tenant   text NOT NULL,
    id       text PRIMARY KEY,
    status   text NOT NULL DEFAULT 'free',
    content  jsonb NOT NULL
);

CREATE TABLE IF NOT EXISTS appointments (
    sequence  bigint GENERATED ALWAYS AS IDENTITY,
    tenant    text NOT NULL,
    id        text PRIMARY KEY,
    slot      text NOT NULL,
    patient   text NOT NULL,
    exclusive boolean NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_exclusive_appointment_per_slot
    ON appointments (slot) WHERE exclusive;
