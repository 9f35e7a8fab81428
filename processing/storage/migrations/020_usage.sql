-- How often each party called each operation of each version of the public API, a row a day. `day`: days since 1970, UTC.
CREATE TABLE api_usage (
    day        INTEGER NOT NULL,
    version    TEXT NOT NULL,
    operation  TEXT NOT NULL,
    party_id   TEXT NOT NULL,
    calls      INTEGER NOT NULL,
    last_at_ms INTEGER NOT NULL,
    PRIMARY KEY (day, version, operation, party_id)
);
CREATE INDEX api_usage_of_a_party ON api_usage (party_id, day);
