"""A committed record -> events and deliveries for the hooks that asked for them.

`spread` runs in the transaction that completes the record's row of the outbox, and rows of one invoice come in order,
so each event is made once and numbered in order. Asked twice, it makes nothing new.
"""

from collections.abc import Iterator
from typing import NamedTuple

from processing.domain import invoice
from processing.domain.public_changes import Change, public_changes, webhook_event_type
from processing.domain.state import Invoice
from processing.machine import decode
from processing.storage import events
from processing.storage.port import Tx
from processing.webhooks import deliveries, hooks
from processing.webhooks.bodies import EVENT_TYPES, body


class Telling(NamedTuple):
    """A change that hooks may have asked for. `number` counts them within their record."""

    number: int
    event_type: str
    change: Change
    after: Invoice


def spread(tx: Tx, record: events.Record) -> None:
    """What has to be delivered because of the record: `Spread` of processing.workers.outbox."""
    history = [past for past in events.records(tx, record.machine_id) if past.sequence <= record.sequence]
    begun = invoice.apply(None, decode(history[0].body)[0])
    subscribed = hooks.of_shop(tx, begun.owner_id, begun.shop_id, hooks.INVOICES)
    if not subscribed:
        return
    for telling in tellings(history):
        asking = [hook for hook in subscribed if telling.event_type in hook.event_types]
        if asking:
            event_id = _event(tx, record, telling)
            for hook in asking:
                deliveries.add(tx, hook.id, event_id, record, is_enabled=hook.is_enabled)


def tellings(history: list[events.Record]) -> Iterator[Telling]:
    """What the last record of a history has for hooks, with the machine as it stood after each change."""
    state, number = None, 0
    for record in history:
        for event in decode(record.body):
            state = invoice.apply(state, event)
            if record is not history[-1]:
                continue
            for change in public_changes(event):
                event_type = webhook_event_type(change)
                if event_type in EVENT_TYPES:
                    yield Telling(number, event_type, change, state)
                    number += 1


def _event(tx: Tx, record: events.Record, telling: Telling) -> int:
    known = deliveries.known_event(tx, record.id, telling.number)
    if known is not None:
        return known
    event_id = deliveries.new_event_id(tx)
    said = body(event_id, telling.event_type, record.created_at, telling.change, telling.after)
    deliveries.add_event(
        tx, event_id, record.id, telling.number, record.machine_id, telling.event_type, record.trace_id, said
    )
    return event_id
