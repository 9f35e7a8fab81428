-- Cards by their random name. `sealed` is the encrypted number; bin and last digits are what may be shown.
CREATE TABLE cards (
    token          TEXT PRIMARY KEY,
    fingerprint    BLOB NOT NULL,
    exp_month      INTEGER NOT NULL,
    exp_year       INTEGER NOT NULL,
    payment_system TEXT NOT NULL,
    bin            TEXT NOT NULL,
    last_digits    TEXT NOT NULL,
    sealed         BLOB NOT NULL,
    created_at_ms  INTEGER NOT NULL
);
CREATE UNIQUE INDEX cards_by_fingerprint ON cards (fingerprint, exp_year, exp_month);

-- CVVs waiting for their one operation. `used_for` is that operation's reference, once it began.
CREATE TABLE card_sessions (
    session_id    TEXT PRIMARY KEY,
    sealed        BLOB NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_for      TEXT
);
CREATE INDEX card_sessions_by_expiry ON card_sessions (expires_at_ms);

-- Wallet cryptograms that were redeemed: one use each, for ever.
CREATE TABLE redeemed_cryptograms (
    cryptogram_id TEXT PRIMARY KEY,
    redeemed_at_ms INTEGER NOT NULL
);
