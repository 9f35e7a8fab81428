"""The kinds of hooks there are, a row each: how they are told, signed, tried again and judged. One engine serves all.

Adding a kind is adding a row; a hook's kind stands in its column `format`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from processing.party_events import PartyEvent
from processing.sealing import SealingKeys
from processing.storage.events import Record
from processing.storage.port import Tx
from processing.webhooks import content_signature, endpoint_health, hooks, standard_webhooks
from processing.webhooks.hooks import Hook
from processing.webhooks.lines import Message, Place
from processing.webhooks.receivers import Receiver
from processing.webhooks.sender import Answer
from processing.webhooks.verdicts import Attempted, Outcome, Verdict
from settings.sections import Webhooks


@dataclass(frozen=True, slots=True)
class Format:
    """`spread` makes the deliveries of a record; answers the lines that have to be looked at.

    `keys_of` reads the receiver's sealed keys, `opened` opens them, `headers` signs a message with what was opened.
    `delays_s`, `jitter_percent`: the waits between attempts, and by which part of themselves they may be longer.
    `learn` notes attempts, oldest first, upon the hook, `switched_off` why nothing is sent to it any more.
    """

    spread: Callable[[Tx, Record, Sequence[PartyEvent], Sequence[Hook]], list[Place]]
    keys_of: Callable[[Tx, Receiver, datetime], Sequence[Any]]
    opened: Callable[[Receiver, Sequence[Any], SealingKeys], Any]
    headers: Callable[[Any, Message, datetime], dict[str, str]]
    verdict: Callable[[Answer], Verdict]
    delays_s: Callable[[Webhooks], tuple[int, ...]]
    jitter_percent: Callable[[Webhooks], int]
    learn: Callable[[Tx, int, Sequence[Attempted]], None]
    switched_off: Callable[[Tx, int, Outcome], None]


FORMATS: Mapping[str, Format] = {
    hooks.CONTENT_SIGNATURE: Format(
        spread=content_signature.spread,
        keys_of=content_signature.keys_of,
        opened=content_signature.opened,
        headers=content_signature.headers,
        verdict=content_signature.verdict,
        delays_s=lambda rules: rules.retry_delays_s,
        jitter_percent=lambda rules: 0,
        learn=lambda tx, hook_id, attempts: None,
        switched_off=lambda tx, hook_id, outcome: None,
    ),
    hooks.STANDARD_WEBHOOKS: Format(
        spread=standard_webhooks.spread,
        keys_of=standard_webhooks.keys_of,
        opened=standard_webhooks.opened,
        headers=standard_webhooks.headers,
        verdict=standard_webhooks.verdict,
        delays_s=lambda rules: rules.endpoint_retry_delays_s,
        jitter_percent=lambda rules: rules.endpoint_retry_jitter_percent,
        learn=endpoint_health.learn,
        switched_off=endpoint_health.switched_off,
    ),
}
