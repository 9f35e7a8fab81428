"""Hooks by Standard Webhooks 1.0: bytes of the party's feed, signatures of standard_signing.py, any 2xx is success."""

from collections.abc import Sequence
from datetime import datetime

from processing.party_events import PartyEvent
from processing.sealing import SealingKeys
from processing.storage import events
from processing.storage.port import Tx
from processing.webhooks import deliveries, endpoint_secrets, public_events, standard_signing
from processing.webhooks.endpoint_secrets import Sealed
from processing.webhooks.hooks import Hook
from processing.webhooks.lines import Message, Place
from processing.webhooks.receivers import Receiver
from processing.webhooks.sender import Answer
from processing.webhooks.standard_signing import Secret
from processing.webhooks.verdicts import Outcome, Verdict

MEDIA_TYPE = "application/json"
GONE = 410
ASKS_FOR_TIME = frozenset({429, 503})


def spread(tx: Tx, record: events.Record, told: Sequence[PartyEvent], subscribed: Sequence[Hook]) -> list[Place]:
    """Deliveries of the record's events to the hooks that asked for them."""
    wanted = [(hook, frozenset(hook.event_types)) for hook in subscribed]
    places: list[Place] = []
    for event in told:
        asking = [hook for hook, types in wanted if public_events.is_asked_for(event.event_type, types)]
        if asking:
            places += deliveries.add(tx, asking, event.id, record, event_type=event.event_type)
    return places


def keys_of(tx: Tx, receiver: Receiver, now: datetime) -> Sequence[Sealed]:
    """The endpoint's secrets in force, sealed."""
    return endpoint_secrets.in_force(tx, receiver.hook_id, now)


def opened(receiver: Receiver, sealed: Sequence[Sealed], keys: SealingKeys) -> Sequence[Secret]:
    """The secrets."""
    return [endpoint_secrets.opened(receiver.hook_id, each, keys) for each in sealed]


def headers(secrets: Sequence[Secret], message: Message, now: datetime) -> dict[str, str]:
    """What is sent above the body."""
    message_id = f"evt_{public_id(message.event_id)}"
    signed = standard_signing.headers(secrets, message_id, int(now.timestamp()), message.body)
    return {"Content-Type": MEDIA_TYPE, **signed}


def verdict(answer: Answer) -> Verdict:
    """Any 2xx is success. 410: nobody wants it any more. 429 and 503 may say for how long to wait."""
    status = answer.status
    if status is None:
        return Verdict(Outcome.FAILED, answer.error)
    if 200 <= status < 300:
        return Verdict(Outcome.DELIVERED)
    if status == GONE:
        return Verdict(Outcome.GONE, f"The answer was {GONE}: the endpoint is disabled")
    hold_s = answer.retry_after_s if status in ASKS_FOR_TIME else None
    return Verdict(Outcome.FAILED, f"The answer was {status}, not 2xx", hold_s)


def public_id(event_id: int) -> str:
    """What stands behind evt_: of a sample, which is in no feed, a word."""
    return str(event_id) if event_id > 0 else f"sample-{-event_id}"
