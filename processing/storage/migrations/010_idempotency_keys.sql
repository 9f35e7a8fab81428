-- What a party asked under which key of its own. `fingerprint` is JSON: pointer into the request -> digest. `answer` is
-- sealed with a key outside the database. `lease_until_ms` says how long the attempt may work undisturbed; unfinished
-- ones beyond it are taken over with the same `object_id`.
CREATE TABLE idempotency_keys (
    party_id       TEXT NOT NULL,
    key            TEXT NOT NULL,
    operation      TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    object_id      TEXT,
    attempt        INTEGER NOT NULL DEFAULT 1,
    lease_until_ms INTEGER NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER,
    resource       TEXT,
    answer         BLOB,
    PRIMARY KEY (party_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at_ms);
