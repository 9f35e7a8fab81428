-- Hooks of more than one kind: `format` names a row of processing/webhooks/formats.py. What an endpoint of Standard
-- Webhooks has beside a hook stands in webhook_endpoints, its secrets in webhook_secrets, both halves sealed.
ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'content_signature';

CREATE TABLE webhook_endpoints (
    id                 TEXT PRIMARY KEY,
    webhook_id         BIGINT NOT NULL UNIQUE REFERENCES webhooks (id),
    party_id           TEXT NOT NULL,
    description        TEXT,
    payload_version    TEXT NOT NULL,
    revision           BIGINT NOT NULL DEFAULT 1,
    created_at_ms      BIGINT NOT NULL,
    disabled_reason    TEXT,
    held_until_ms      BIGINT,
    last_success_at_ms BIGINT,
    last_failure_at_ms BIGINT,
    last_http_status   BIGINT,
    last_error         TEXT,
    failing_since_ms   BIGINT
);
CREATE INDEX webhook_endpoints_of_a_party ON webhook_endpoints (party_id, id);

CREATE TABLE webhook_secrets (
    webhook_id    BIGINT NOT NULL REFERENCES webhooks (id),
    number        BIGINT NOT NULL,
    secret        BYTEA NOT NULL,
    private_key   BYTEA NOT NULL,
    public_key    BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    PRIMARY KEY (webhook_id, number)
);

-- What is told stands in webhook_events or in party_events, as the format has it. Deliveries of the latter say of
-- themselves what they are of; `sample` is the body of one that is in no feed, its event_id is below zero.
ALTER TABLE webhook_deliveries DROP CONSTRAINT webhook_deliveries_event_id_fkey;
ALTER TABLE webhook_deliveries ADD COLUMN event_type TEXT;
ALTER TABLE webhook_deliveries ADD COLUMN trace_id TEXT;
ALTER TABLE webhook_deliveries ADD COLUMN sample BYTEA;
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook_id, id);
