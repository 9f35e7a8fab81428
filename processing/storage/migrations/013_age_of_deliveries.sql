-- When what is told happened, so that it can be forgotten after its time.
ALTER TABLE webhook_events ADD COLUMN created_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN created_at_ms INTEGER NOT NULL DEFAULT 0;

UPDATE webhook_events SET created_at_ms =
    COALESCE((SELECT created_at_ms FROM events WHERE events.id = webhook_events.record_id), 0);
UPDATE webhook_deliveries SET created_at_ms =
    COALESCE((SELECT created_at_ms FROM webhook_events WHERE webhook_events.id = webhook_deliveries.event_id), 0);
