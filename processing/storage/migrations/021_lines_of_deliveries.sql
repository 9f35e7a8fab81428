-- Deliveries of a hook wait in a few lines, all of an invoice in the same one; a job a line says when to look, where there
-- was a job a delivery. Those that wait from before go on in line 0, and the later ones of their invoices behind them.
ALTER TABLE webhook_deliveries ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
DROP INDEX webhook_deliveries_waiting;
CREATE INDEX webhook_deliveries_in_line ON webhook_deliveries (webhook_id, line, next_attempt_at_ms, event_id)
    WHERE status = 'waiting';

-- How the receiver fares: failures in a row and since when; till when nobody tries; whether its answers take long.
ALTER TABLE webhooks ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN failing_since_ms INTEGER;
ALTER TABLE webhooks ADD COLUMN resting_until_ms INTEGER;
ALTER TABLE webhooks ADD COLUMN is_slow INTEGER NOT NULL DEFAULT 0;

DELETE FROM jobs WHERE queue = 'delivery';
INSERT INTO jobs (queue, key, position, due_at_ms)
    SELECT 'delivery', webhook_id || ':0', 0, 0 FROM webhook_deliveries WHERE status = 'waiting' GROUP BY webhook_id;
