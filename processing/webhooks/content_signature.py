"""Hooks with a Content-Signature: bodies as in bodies.py, an RSA key pair each, 200 alone is success."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from processing.domain import invoice
from processing.domain.public_changes import Change, public_changes, webhook_event_type
from processing.domain.state import Invoice
from processing.machine import decode
from processing.party_events import PartyEvent
from processing.sealing import SealingKeys
from processing.storage import events
from processing.storage.port import Tx
from processing.webhooks import deliveries, hooks, signing
from processing.webhooks.bodies import EVENT_TYPES, MEDIA_TYPE, body
from processing.webhooks.deliveries import Message
from processing.webhooks.hooks import Hook
from processing.webhooks.sender import Answer
from processing.webhooks.verdicts import Outcome, Verdict

SUCCESS = 200


class Telling(NamedTuple):
    """A change that hooks may have asked for. `number` counts them within their record."""

    number: int
    event_type: str
    change: Change
    after: Invoice


def spread(tx: Tx, record: events.Record, told: Sequence[PartyEvent], subscribed: Sequence[Hook]) -> None:
    """Deliveries of what the record means to the hooks that asked for it."""
    history = [past for past in events.records(tx, record.machine_id) if past.sequence <= record.sequence]
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


def keys_of(tx: Tx, message: Message, now: datetime) -> Sequence[bytes]:
    """The hook's private key, sealed."""
    return (message.private_key,)


def headers(sealed: Sequence[bytes], message: Message, keys: SealingKeys, now: datetime) -> dict[str, str]:
    """What is sent above the body."""
    private_key = keys.open(sealed[0], hooks.owner_of_key(message.hook_id))
    return {"Content-Type": MEDIA_TYPE, signing.HEADER: signing.content_signature(private_key, message.body)}


def verdict(answer: Answer) -> Verdict:
    """HTTP 200 exactly: another status, a redirect among them, means that nobody took the message."""
    if answer.status == SUCCESS:
        return Verdict(Outcome.DELIVERED)
    return Verdict(Outcome.FAILED, answer.error or f"The answer was {answer.status}, not {SUCCESS}")


def _event(tx: Tx, record: events.Record, telling: Telling) -> int:
    known = deliveries.known_event(tx, record.id, telling.number)
    if known is not None:
        return known
    event_id = deliveries.new_event_id(tx)
    said = body(event_id, telling.event_type, record.created_at, telling.change, telling.after)
    deliveries.add_event(tx, event_id, record, telling.number, telling.event_type, said)
    return event_id
