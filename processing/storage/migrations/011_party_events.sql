-- What a party may know of what happened to it: a row an event, written with the change itself. `id` is the record's id
-- times 64, and the event's number within the record; so ids are in the order of records. `body` is what is sent.
CREATE TABLE party_events (
    id            INTEGER PRIMARY KEY,
    party_id      TEXT NOT NULL,
    shop_id       TEXT NOT NULL,
    invoice_id    TEXT NOT NULL,
    event_type    TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    trace_id      TEXT NOT NULL,
    body          BLOB NOT NULL
);
CREATE INDEX party_events_of_a_party ON party_events (party_id, id);

-- The newest event of a party that was kept for its time and is gone: whoever reads on from before it has missed some.
CREATE TABLE party_event_horizons (
    party_id TEXT PRIMARY KEY,
    position INTEGER NOT NULL
);
