-- Merchants. Suspension is the party's own wish, a block the platform's.
CREATE TABLE parties (
    id            TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL,
    contact_email TEXT,
    is_suspended  INTEGER NOT NULL DEFAULT 0,
    is_blocked    INTEGER NOT NULL DEFAULT 0,
    block_reason  TEXT
);

-- `settlement` and `guarantee` are the shop's accounts in the ledger.
CREATE TABLE shops (
    party_id      TEXT NOT NULL REFERENCES parties (id),
    id            TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    category_id   INTEGER NOT NULL,
    url           TEXT NOT NULL,
    name          TEXT NOT NULL,
    description   TEXT,
    contract_id   TEXT NOT NULL,
    settlement    INTEGER NOT NULL,
    guarantee     INTEGER NOT NULL,
    is_suspended  INTEGER NOT NULL DEFAULT 0,
    is_blocked    INTEGER NOT NULL DEFAULT 0,
    block_reason  TEXT,
    PRIMARY KEY (party_id, id)
);

-- The outside world's keys of objects -> our ids, for ever. `features` is the first request's meaning as its caller put it.
CREATE TABLE bindings (
    operation   TEXT NOT NULL,
    party_id    TEXT NOT NULL,
    external_id TEXT NOT NULL,
    id          TEXT NOT NULL,
    features    BLOB NOT NULL,
    context     TEXT NOT NULL,
    PRIMARY KEY (operation, party_id, external_id)
);

CREATE TABLE sequences (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);

-- Which API keys were given to whom; the keys themselves are not here.
CREATE TABLE access_keys (
    id            TEXT PRIMARY KEY,
    party_id      TEXT NOT NULL,
    roles         TEXT NOT NULL,
    issued_at_ms  INTEGER NOT NULL,
    expires_at_ms INTEGER,
    name          TEXT
);
CREATE INDEX access_keys_of_a_party ON access_keys (party_id, issued_at_ms);

CREATE TABLE revocations (
    number        INTEGER PRIMARY KEY,
    key_id        TEXT NOT NULL UNIQUE,
    revoked_at_ms INTEGER NOT NULL
);

-- How far each gateway process has read the revocations, and when it was last heard of.
CREATE TABLE revocation_readers (
    reader       TEXT PRIMARY KEY,
    seen         INTEGER NOT NULL,
    heard_at_ms  INTEGER NOT NULL
);

-- Business configuration: what each version changed, and each object with the versions between which it stood so.
CREATE TABLE config_commits (
    version       INTEGER PRIMARY KEY,
    author        TEXT NOT NULL,
    message       TEXT,
    operations    TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
);

CREATE TABLE config_objects (
    kind         TEXT NOT NULL,
    id           TEXT NOT NULL,
    from_version INTEGER NOT NULL,
    to_version   INTEGER,
    data         TEXT NOT NULL,
    PRIMARY KEY (kind, id, from_version)
);
