-- Hooks of more than one kind: `format` names a row of processing/webhooks/formats.py. What an endpoint of Standard
-- Webhooks has beside a hook stands in webhook_endpoints, its secrets in webhook_secrets, both halves sealed.
ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'content_signature';

CREATE TABLE webhook_endpoints (
    id                 TEXT PRIMARY KEY,
    webhook_id         INTEGER NOT NULL UNIQUE REFERENCES webhooks (id),
    party_id           TEXT NOT NULL,
    description        TEXT,
    payload_version    TEXT NOT NULL,
    revision           INTEGER NOT NULL DEFAULT 1,
    created_at_ms      INTEGER NOT NULL,
    disabled_reason    TEXT,
    held_until_ms      INTEGER,
    last_success_at_ms INTEGER,
    last_failure_at_ms INTEGER,
    last_http_status   INTEGER,
    last_error         TEXT,
    failing_since_ms   INTEGER
);
CREATE INDEX webhook_endpoints_of_a_party ON webhook_endpoints (party_id, id);

CREATE TABLE webhook_secrets (
    webhook_id    INTEGER NOT NULL REFERENCES webhooks (id),
    number        INTEGER NOT NULL,
    secret        BLOB NOT NULL,
    private_key   BLOB NOT NULL,
    public_key    BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    PRIMARY KEY (webhook_id, number)
);

-- What is told stands in webhook_events or in party_events, as the format has it. Deliveries of the latter say of
-- themselves what they are of; `sample` is the body of one that is in no feed, its event_id is below zero.
-- A reference cannot be taken out of a table here: both tables are made anew, the dependent one first.
CREATE TABLE new_webhook_deliveries (
    id                 INTEGER PRIMARY KEY,
    webhook_id         INTEGER NOT NULL REFERENCES webhooks (id),
    event_id           INTEGER NOT NULL,
    invoice_id         TEXT NOT NULL,
    status             TEXT NOT NULL,
    failures           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER,
    event_type         TEXT,
    trace_id           TEXT,
    sample             BLOB,
    UNIQUE (webhook_id, event_id)
);
INSERT INTO new_webhook_deliveries (id, webhook_id, event_id, invoice_id, status, failures, next_attempt_at_ms)
    SELECT id, webhook_id, event_id, invoice_id, status, failures, next_attempt_at_ms FROM webhook_deliveries;
CREATE TABLE new_webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES new_webhook_deliveries (id),
    number      INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    http_status INTEGER,
    error       TEXT,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
INSERT INTO new_webhook_attempts (delivery_id, number, at_ms, http_status, error, duration_ms)
    SELECT delivery_id, number, at_ms, http_status, error, duration_ms FROM webhook_attempts;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
ALTER TABLE new_webhook_deliveries RENAME TO webhook_deliveries;
ALTER TABLE new_webhook_attempts RENAME TO webhook_attempts;
CREATE INDEX webhook_deliveries_of_an_invoice ON webhook_deliveries (webhook_id, invoice_id, event_id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, id);
