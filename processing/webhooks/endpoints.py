"""Endpoints of Standard Webhooks: hooks with an id of their own, a description, a revision and a record of health.

Every function works inside a transaction that the caller opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from processing.sealing import SealingKeys
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Row, Tx
from processing.webhooks import deliveries, endpoint_health, endpoint_secrets, hooks, lines

SELECT = (
    "SELECT n.id, n.webhook_id, n.party_id, w.shop_id, w.url, w.event_types, n.description, n.payload_version,"
    " w.is_enabled, n.disabled_reason, n.created_at_ms, n.revision, n.last_http_status, n.last_error,"
    " n.last_success_at_ms, n.last_failure_at_ms, n.held_until_ms, n.failing_since_ms"
    " FROM webhook_endpoints n JOIN webhooks w ON w.id = n.webhook_id"
)


class LimitExceeded(Exception):
    """The party has as many endpoints as it may have."""


class NewEndpoint(NamedTuple):
    """`shop_id` None: every shop of the party. `event_types`: types, object.* or *, each once."""

    id: str
    party_id: str
    shop_id: str | None
    url: str
    event_types: tuple[str, ...]
    description: str | None
    payload_version: str


class Endpoint(NamedTuple):
    """`hook_id`: under which it is told. `failing_since`: since when every attempt has failed."""

    id: str
    hook_id: int
    party_id: str
    shop_id: str | None
    url: str
    event_types: tuple[str, ...]
    description: str | None
    payload_version: str
    is_enabled: bool
    disabled_reason: str | None
    created_at: datetime
    revision: int
    last_http_status: int | None
    last_error: str | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    held_until: datetime | None
    failing_since: datetime | None


def create(tx: Tx, new: NewEndpoint, limit: int, keys: SealingKeys, now: datetime) -> None:
    """An enabled endpoint with a fresh secret. Raises LimitExceeded."""
    # Where writers are not alone, one party's creations take turns.
    tx.execute(f"SELECT id FROM parties WHERE id = ?{tx.row_lock}", (new.party_id,))  # noqa: S608 - our own words
    if _count(tx, new.party_id) >= limit:
        raise LimitExceeded
    hook_id = tx.draw(hooks.COUNTER)
    hook = hooks.NewHook(new.party_id, new.shop_id, hooks.INVOICES, new.event_types, new.url, hooks.STANDARD_WEBHOOKS)
    hooks.add(tx, hook_id, hook, b"", b"", now)
    tx.execute(
        "INSERT INTO webhook_endpoints (id, webhook_id, party_id, description, payload_version, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (new.id, hook_id, new.party_id, new.description, new.payload_version, to_ms(now)),
    )
    endpoint_secrets.add(tx, hook_id, keys, now)


def find(tx: Tx, endpoint_id: str, *, lock: bool = False) -> Endpoint | None:
    """The endpoint, if there is one that was not deleted. `lock` keeps it from changing."""
    if lock:
        tx.execute(
            "SELECT id FROM webhooks WHERE id ="  # noqa: S608 - our own words
            f" (SELECT webhook_id FROM webhook_endpoints WHERE id = ?){tx.row_lock}",
            (endpoint_id,),
        )
    row = tx.execute(f"{SELECT} WHERE n.id = ? AND w.is_deleted = 0", (endpoint_id,)).one()
    return row and _endpoint(row)


def is_taken(tx: Tx, endpoint_id: str) -> bool:
    """Whether there is, or was, an endpoint of that id."""
    return tx.execute("SELECT id FROM webhook_endpoints WHERE id = ?", (endpoint_id,)).one() is not None


def of_party(tx: Tx, party_id: str, after: str | None, limit: int) -> list[Endpoint]:
    """By id, those behind `after`."""
    rows = tx.execute(
        f"{SELECT} WHERE n.party_id = ? AND n.id > ? AND w.is_deleted = 0 ORDER BY n.id LIMIT ?",
        (party_id, after or "", limit),
    )
    return [_endpoint(row) for row in rows.all()]


def change(tx: Tx, changed: Endpoint) -> None:
    """Writes what a party may change; the revision grows. What waits for one that is disabled is dropped."""
    tx.execute(
        "UPDATE webhooks SET url = ?, event_types = ?, shop_id = ?, is_enabled = ? WHERE id = ?",
        (
            changed.url,
            " ".join(changed.event_types),
            changed.shop_id,
            int(changed.is_enabled),
            changed.hook_id,
        ),
    )
    if not changed.is_enabled:
        deliveries.drop_waiting(tx, changed.hook_id)
    tx.execute(
        "UPDATE webhook_endpoints SET description = ?, disabled_reason = ?, revision = revision + 1 WHERE id = ?",
        (changed.description, changed.disabled_reason, changed.id),
    )


def enabled(endpoint: Endpoint) -> Endpoint:
    """The same, told again from now on."""
    return endpoint._replace(is_enabled=True, disabled_reason=None)


def disabled(endpoint: Endpoint) -> Endpoint:
    """The same, told of nothing because its party wants that; one that is disabled already keeps its reason."""
    reason = endpoint.disabled_reason if not endpoint.is_enabled else endpoint_health.BY_REQUEST
    return endpoint._replace(is_enabled=False, disabled_reason=reason)


def renewed(tx: Tx, endpoint: Endpoint, now: datetime) -> None:
    """Its failures of before count no more, and what waits is looked at."""
    hooks.set_enabled(tx, endpoint.hook_id, endpoint.is_enabled)
    tx.execute(
        "UPDATE webhook_endpoints SET failing_since_ms = NULL, held_until_ms = NULL WHERE id = ?", (endpoint.id,)
    )
    lines.look_everywhere(tx, endpoint.hook_id, now)


def touch(tx: Tx, endpoint: Endpoint) -> None:
    """The revision grows."""
    tx.execute("UPDATE webhook_endpoints SET revision = revision + 1 WHERE id = ?", (endpoint.id,))


def delete(tx: Tx, endpoint: Endpoint) -> None:
    """Its row and its delivery log stay for operators; its secrets are gone for ever."""
    deliveries.drop_waiting(tx, endpoint.hook_id)
    endpoint_secrets.forget(tx, endpoint.hook_id)
    hooks.delete(tx, endpoint.hook_id)


def pending(tx: Tx, found: Sequence[Endpoint]) -> dict[int, int]:
    """Hook -> how many of its deliveries wait."""
    marks = ", ".join("?" * len(found))
    rows = tx.execute(
        "SELECT webhook_id, COUNT(*) FROM webhook_deliveries"  # noqa: S608 - only marks
        f" WHERE webhook_id IN ({marks}) AND status = 'waiting' GROUP BY webhook_id",
        [endpoint.hook_id for endpoint in found],
    )
    return dict(rows.all())


def _count(tx: Tx, party_id: str) -> int:
    return tx.execute(
        "SELECT COUNT(*) FROM webhook_endpoints n JOIN webhooks w ON w.id = n.webhook_id"
        " WHERE n.party_id = ? AND w.is_deleted = 0",
        (party_id,),
    ).one()[0]


def _endpoint(row: Row) -> Endpoint:
    types, is_enabled, created_at_ms = tuple(row[5].split()), bool(row[8]), from_ms(row[10])
    times = (None if ms is None else from_ms(ms) for ms in row[14:])
    return Endpoint(*row[:5], types, *row[6:8], is_enabled, row[9], created_at_ms, *row[11:14], *times)
