"""Telling an endpoint once more what it was told, or should have been; and telling it a sample of what it will be.

Every function works inside a transaction that the caller opened.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from processing.storage.moments import to_ms
from processing.storage.port import Tx
from processing.webhooks import deliveries, lines, public_events, receivers
from processing.webhooks.endpoints import Endpoint

EVENTS_MAX = 10_000
SAMPLES_KEY = "samples"


class Scope(NamedTuple):
    """`after`: an event's id, exclusive. `begin` inclusive, `end` exclusive: when it happened."""

    after: int = 0
    begin: datetime | None = None
    end: datetime | None = None
    only_failed: bool = True


class Told(NamedTuple):
    """An event of the feed, and its delivery to the endpoint where there is one. `is_in_line`: it waits its turn."""

    event_id: int
    invoice_id: str
    event_type: str
    trace_id: str
    delivery_id: int | None
    is_in_line: int = 0


def replay(tx: Tx, endpoint: Endpoint, scope: Scope, now: datetime) -> int:
    """Puts the events in line, the oldest EVENTS_MAX of them; returns how many.

    What waits of the same invoices is put in line anew with them, so that they are told in order. Where all of an
    invoice is in line already nothing is written: a replay repeated many times costs a look each.
    """
    again = _chosen(tx, endpoint, scope)
    for invoice_id, group in groupby(sorted(again, key=lambda told: (told.invoice_id, told.event_id)), _invoice):
        events = list(group)
        if all(told.is_in_line for told in events):
            continue
        line = {told.event_id: told for told in (*_waiting(tx, endpoint, invoice_id), *events)}
        for event_id in sorted(line):
            _waits_again(tx, endpoint, line[event_id], now)
    receivers.end_rest(tx, endpoint.hook_id)
    for line in sorted({lines.line_of(told.invoice_id) for told in again}):
        lines.look_now(tx, endpoint.hook_id, line, now)
    return len(again)


def sample(tx: Tx, endpoint: Endpoint, event_type: str, trace_id: str, now: datetime) -> int:
    """Puts a sample of an event in line; returns the delivery's id, of which its event's id is the opposite."""
    delivery_id = tx.draw(deliveries.DELIVERIES)
    tx.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, invoice_id, line, status, next_attempt_at_ms,"
        " event_type, trace_id, sample, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery_id,
            endpoint.hook_id,
            -delivery_id,
            SAMPLES_KEY,
            lines.line_of(SAMPLES_KEY),
            deliveries.WAITING,
            to_ms(now),
            event_type,
            trace_id,
            public_events.sample(f"sample-{delivery_id}", event_type, now),
            to_ms(now),
        ),
    )
    receivers.end_rest(tx, endpoint.hook_id)
    lines.look_now(tx, endpoint.hook_id, lines.line_of(SAMPLES_KEY), now)
    return delivery_id


def _chosen(tx: Tx, endpoint: Endpoint, scope: Scope) -> list[Told]:
    where, params = ["p.party_id = ?", "p.id > ?"], [endpoint.party_id, scope.after]
    for condition, value in (
        ("p.created_at_ms >= ?", scope.begin and to_ms(scope.begin)),
        ("p.created_at_ms < ?", scope.end and to_ms(scope.end)),
        ("p.shop_id = ?", endpoint.shop_id),
        ("d.status = ?", deliveries.DROPPED if scope.only_failed else None),
    ):
        if value is not None:
            where.append(condition)
            params.append(value)
    if not scope.only_failed:
        types = public_events.asked_for(endpoint.event_types)
        where.append(f"p.event_type IN ({', '.join('?' * len(types))})")
        params += types
    rows = tx.execute(
        "SELECT p.id, p.invoice_id, p.event_type, p.trace_id, d.id,"  # noqa: S608 - our own words
        " CASE WHEN d.status = 'waiting' AND d.failures = 0 THEN 1 ELSE 0 END FROM party_events p"
        " LEFT JOIN webhook_deliveries d ON d.webhook_id = ? AND d.event_id = p.id"
        f" WHERE {' AND '.join(where)} ORDER BY p.id LIMIT ?",
        (endpoint.hook_id, *params, EVENTS_MAX),
    )
    return [Told(*row) for row in rows.all()]


def _waiting(tx: Tx, endpoint: Endpoint, invoice_id: str) -> Iterable[Told]:
    rows = tx.execute(
        "SELECT event_id, invoice_id, event_type, trace_id, id FROM webhook_deliveries"
        " WHERE webhook_id = ? AND invoice_id = ? AND status = 'waiting'",
        (endpoint.hook_id, invoice_id),
    )
    return [Told(*row) for row in rows.all()]


def _waits_again(tx: Tx, endpoint: Endpoint, told: Told, now: datetime) -> None:
    """A delivery that there was not yet is made."""
    delivery_id = told.delivery_id or tx.draw(deliveries.DELIVERIES)
    tx.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, invoice_id, line, status, next_attempt_at_ms,"
        " event_type, trace_id, created_at_ms) VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?)"
        " ON CONFLICT (webhook_id, event_id) DO UPDATE SET status = 'waiting', failures = 0, line = excluded.line,"
        " next_attempt_at_ms = excluded.next_attempt_at_ms",
        (
            delivery_id,
            endpoint.hook_id,
            told.event_id,
            told.invoice_id,
            lines.line_of(told.invoice_id),
            to_ms(now),
            told.event_type,
            told.trace_id,
            to_ms(now),
        ),
    )


def _invoice(told: Told) -> str:
    return told.invoice_id
