-- Numbers that are given out once. The order of events is one of them.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);

-- One row a machine: how far its history goes, and whether it works. `stopped_at_ms` is set while it does not.
CREATE TABLE machines (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    stopped_at_ms INTEGER,
    stop_reason   TEXT
);
CREATE INDEX machines_stopped ON machines (stopped_at_ms) WHERE stopped_at_ms IS NOT NULL;

-- What one transaction did to one machine. `id` is its place in the order of everything; rows never change.
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    machine_id    TEXT NOT NULL REFERENCES machines (id),
    sequence      INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    trace_id      TEXT NOT NULL,
    body          TEXT NOT NULL,
    UNIQUE (machine_id, sequence)
);

-- A machine's state after `sequence`, so that a long history is not read from its beginning.
-- `format` names the shape of the state; one of another shape is ignored and made anew.
CREATE TABLE snapshots (
    machine_id TEXT PRIMARY KEY REFERENCES machines (id),
    sequence   INTEGER NOT NULL,
    format     TEXT NOT NULL,
    body       TEXT NOT NULL
);

-- Work to be done at a time. Rows of one (queue, key) are done in order of `position`; position 0 is the key's one timer.
-- `due_at_ms`: when it may be claimed; the end of the lease while somebody works on it; null when it waits for a person.
-- `claim`: names the last claim, so that a worker that lost its lease changes nothing any more.
-- `again_at_ms`: asked for while it was being worked on.
CREATE TABLE jobs (
    queue             TEXT NOT NULL,
    key               TEXT NOT NULL,
    position          INTEGER NOT NULL,
    due_at_ms         INTEGER,
    claim             INTEGER,
    again_at_ms       INTEGER,
    attempts          INTEGER NOT NULL DEFAULT 0,
    payload           TEXT NOT NULL DEFAULT '',
    trace_id          TEXT NOT NULL DEFAULT '',
    last_error        TEXT,
    quarantined_at_ms INTEGER,
    PRIMARY KEY (queue, key, position)
);
CREATE INDEX jobs_due ON jobs (queue, due_at_ms);
