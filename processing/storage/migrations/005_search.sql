-- What merchants search for: a row an object, written in the transaction that changed it. `body` is the object as JSON.
-- Every search is of one shop and goes by time, newest first; the longer indexes serve what names one payer or payment.
CREATE TABLE search_invoices (
    id            TEXT PRIMARY KEY,
    party_id      TEXT NOT NULL,
    shop_id       TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    status        TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    body          TEXT NOT NULL
);
CREATE INDEX search_invoices_newest ON search_invoices (party_id, shop_id, created_at_ms, id);

-- `amount` is what was captured, or what was asked while nothing is.
CREATE TABLE search_payments (
    invoice_id        TEXT NOT NULL,
    payment_id        TEXT NOT NULL,
    party_id          TEXT NOT NULL,
    shop_id           TEXT NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    status            TEXT NOT NULL,
    amount            INTEGER NOT NULL,
    flow              TEXT NOT NULL,
    tool              TEXT,
    terminal_provider TEXT,
    payer_email       TEXT,
    payer_ip          TEXT,
    payer_fingerprint TEXT,
    token_provider    TEXT,
    payment_system    TEXT,
    first6            TEXT,
    last4             TEXT,
    rrn               TEXT,
    approval_code     TEXT,
    body              TEXT NOT NULL,
    PRIMARY KEY (invoice_id, payment_id)
);
CREATE INDEX search_payments_newest ON search_payments (party_id, shop_id, created_at_ms, invoice_id, payment_id);
CREATE INDEX search_payments_by_rrn
    ON search_payments (party_id, shop_id, rrn, created_at_ms, invoice_id, payment_id) WHERE rrn IS NOT NULL;
CREATE INDEX search_payments_by_email
    ON search_payments (party_id, shop_id, payer_email, created_at_ms, invoice_id, payment_id)
    WHERE payer_email IS NOT NULL;
CREATE INDEX search_payments_by_card
    ON search_payments (party_id, shop_id, last4, created_at_ms, invoice_id, payment_id) WHERE last4 IS NOT NULL;

-- The bank's references of the refund itself, and those of the payment that it gives back.
CREATE TABLE search_refunds (
    invoice_id            TEXT NOT NULL,
    payment_id            TEXT NOT NULL,
    refund_id             TEXT NOT NULL,
    party_id              TEXT NOT NULL,
    shop_id               TEXT NOT NULL,
    created_at_ms         INTEGER NOT NULL,
    status                TEXT NOT NULL,
    rrn                   TEXT,
    approval_code         TEXT,
    payment_rrn           TEXT,
    payment_approval_code TEXT,
    body                  TEXT NOT NULL,
    PRIMARY KEY (invoice_id, payment_id, refund_id)
);
CREATE INDEX search_refunds_newest
    ON search_refunds (party_id, shop_id, created_at_ms, invoice_id, payment_id, refund_id);
