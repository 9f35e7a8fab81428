-- Where a party wants to be told of what. `shop_id` null: of every shop it has. `event_types`: words of the IDL's enum
-- of the topic, spaces between. `private_key` is sealed with a key outside the database, and goes when the hook goes.
CREATE TABLE webhooks (
    id            INTEGER PRIMARY KEY,
    party_id      TEXT NOT NULL,
    shop_id       TEXT,
    topic         TEXT NOT NULL,
    event_types   TEXT NOT NULL,
    url           TEXT NOT NULL,
    public_key    BLOB NOT NULL,
    private_key   BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    is_enabled    INTEGER NOT NULL DEFAULT 1,
    is_deleted    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX webhooks_of_a_party ON webhooks (party_id, shop_id) WHERE is_deleted = 0;

-- What somebody is told: a row a change of a record. `id` is the eventID of the body, `body` the exact bytes that are
-- signed and sent, the first time and every time after.
CREATE TABLE webhook_events (
    id         INTEGER PRIMARY KEY,
    record_id  INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    invoice_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    trace_id   TEXT NOT NULL,
    body       BLOB NOT NULL,
    UNIQUE (record_id, number)
);

-- The telling of one event to one hook. `failures` in a row decide when it is tried next.
CREATE TABLE webhook_deliveries (
    id                 INTEGER PRIMARY KEY,
    webhook_id         INTEGER NOT NULL REFERENCES webhooks (id),
    event_id           INTEGER NOT NULL REFERENCES webhook_events (id),
    invoice_id         TEXT NOT NULL,
    status             TEXT NOT NULL,
    failures           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER,
    UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_of_an_invoice ON webhook_deliveries (webhook_id, invoice_id, event_id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id) WHERE status = 'waiting';

-- `http_status` null: no answer came, `error` says why.
CREATE TABLE webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries (id),
    number      INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    http_status INTEGER,
    error       TEXT,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
