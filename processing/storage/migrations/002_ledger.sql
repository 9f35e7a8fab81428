-- Amounts are minor units of the account's currency. `overdraft_allowed` is 0 for an account that must not go below 0.
CREATE TABLE ledger_accounts (
    id                INTEGER PRIMARY KEY,
    currency          TEXT NOT NULL,
    description       TEXT NOT NULL,
    overdraft_allowed INTEGER NOT NULL,
    created_at_ms     INTEGER NOT NULL
);

CREATE TABLE ledger_plans (
    id            TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL
);

-- One posting of one batch of one plan. Rows are only ever added.
CREATE TABLE ledger_entries (
    plan_id       TEXT NOT NULL REFERENCES ledger_plans (id),
    batch_id      INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    from_id       INTEGER NOT NULL REFERENCES ledger_accounts (id),
    to_id         INTEGER NOT NULL REFERENCES ledger_accounts (id),
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    currency      TEXT NOT NULL,
    description   TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (plan_id, batch_id, position),
    CHECK (from_id <> to_id)
);

-- How a plan ended. The key is the promise that it ends once.
CREATE TABLE ledger_plan_ends (
    plan_id       TEXT PRIMARY KEY REFERENCES ledger_plans (id),
    status        TEXT NOT NULL CHECK (status IN ('committed', 'rolled_back')),
    created_at_ms INTEGER NOT NULL
);

-- What the entries come to: `own` by committed plans, `low` and `high` the worst and the best that open plans may add.
CREATE TABLE ledger_balances (
    account_id INTEGER PRIMARY KEY REFERENCES ledger_accounts (id),
    own        INTEGER NOT NULL,
    low        INTEGER NOT NULL CHECK (low <= 0),
    high       INTEGER NOT NULL CHECK (high >= 0)
);
