-- Invoice templates; `body` is the template as JSON. A removed one keeps its row, so that its id stays taken.
CREATE TABLE templates (
    id         TEXT PRIMARY KEY,
    owner_id   TEXT NOT NULL,
    shop_id    TEXT NOT NULL,
    body       TEXT NOT NULL,
    is_removed INTEGER NOT NULL DEFAULT 0
);

-- Which machine waits for whoever comes back under a tag.
CREATE TABLE session_tags (
    tag        TEXT PRIMARY KEY,
    machine_id TEXT NOT NULL REFERENCES machines (id)
);
