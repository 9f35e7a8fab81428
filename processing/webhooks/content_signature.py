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
from processing.webhooks.hooks import Hook
from processing.webhooks.lines import Message, Place
from processing.webhooks.receivers import Receiver
from processing.webhooks.sender import Answer
from processing.webhooks.verdicts import Outcome, Verdict

SUCCESS = 200


class Telling(NamedTuple):
    """A change that hooks may have asked for. `number` counts them within their record."""

    number: int
    event_type: str
    change: Change
    after: Invoice


def spread(tx: Tx, record: events.Record, told: Sequence[PartyEvent], subscribed: Sequence[Hook]) -> list[Place]:
    """Deliveries of what the record means to the hooks that asked for it."""
    history = [past for past in events.records(tx, record.machine_id) if past.sequence <= record.sequence]
    places: list[Place] = []
    for telling in tellings(history):
        asking = [hook for hook in subscribed if telling.event_type in hook.event_types]
        if asking:
            places += deliveries.add(tx, asking, _event(tx, record, telling), record)
    return places


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


def keys_of(tx: Tx, receiver: Receiver, now: datetime) -> Sequence[bytes]:
    """The hook's private key, sealed."""
    return (receiver.private_key,)


def opened(receiver: Receiver, sealed: Sequence[bytes], keys: SealingKeys) -> signing.PrivateKey:
    """The key, ready to sign."""
    return signing.loaded(keys.open(sealed[0], hooks.owner_of_key(receiver.hook_id)))


def headers(key: signing.PrivateKey, message: Message, now: datetime) -> dict[str, str]:
    """What is sent above the body."""
    return {"Content-Type": MEDIA_TYPE, signing.HEADER: signing.content_signature(key, message.body)}


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
