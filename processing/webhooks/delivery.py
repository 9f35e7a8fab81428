"""Queue `delivery`: one attempt to tell one hook of one event, and what follows from its outcome.

    delivered      the next event of the invoice is told
    failed         tried again after the next of the kind's delays; the invoice's later events wait
    no delay left  the hook is switched off and everything that waits for it is dropped
    gone           the same, at once

What is signed how, and which answer means what, stands in processing/webhooks/formats.py. A receiver gets each event at
least once: a crash between its answer and our commit sends the same bytes again.
"""

import hashlib
import itertools
import os
import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from processing.machine import LeaseLost
from processing.sealing import SealingKeys
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Database, Tx
from processing.webhooks import deliveries, hooks
from processing.webhooks.deliveries import Attempt, Message
from processing.webhooks.formats import FORMATS, Format
from processing.webhooks.sender import STEPS, Answer
from processing.webhooks.slow_lane import SlowLane
from processing.webhooks.verdicts import Outcome, Verdict
from processing.workers.loop import DONE, SETTLED, Queue, Result
from settings.clock import Clock
from settings.sections import Webhooks
from telemetry import log, metrics

ATTEMPTS = metrics.counter(
    "capi_webhook_attempts", "Attempts to deliver a webhook by what became of them", ("outcome",)
)
DURATION = metrics.histogram("capi_webhook_attempt_duration_seconds", "Time of one attempt to deliver a webhook")
SWITCHED_OFF = metrics.counter("capi_webhooks_switched_off", "Webhooks switched off after their last retry")

SLOW_LANE_SHARE = 4
SLOW_SHARE = 4
HELD_SPREAD = timedelta(seconds=5)
"""What waited for a receiver that asked for time does not come back all at once."""

LONG_NUMBER = re.compile("[0-9]{6}")
"""Not in our ids of traces: a log filter could take them for parts of a card number."""


class Post(Protocol):
    """What sends; `processing.webhooks.sender.Sender.post`."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer: ...


class Delivering:
    """The handler of the queue."""

    def __init__(self, database: Database, clock: Clock, settings: Webhooks, keys: SealingKeys, post: Post) -> None:
        self._database = database
        self._clock = clock
        self._sending_max = timedelta(milliseconds=STEPS * settings.timeout_ms)
        self._rules = settings
        self._keys = keys
        self._post = post
        self._slow_ms = settings.timeout_ms // SLOW_SHARE
        self._lane = SlowLane(1, self._slow_ms)

    def queue(self, threads: int, lease: timedelta) -> Queue:
        """The queue as the loop wants it."""
        self._lane = SlowLane(max(1, threads // SLOW_LANE_SHARE), self._slow_ms)
        return Queue(deliveries.QUEUE, self.handle, threads, lease)

    def handle(self, claim: jobs.Claim) -> Result:
        """One attempt. Raises LeaseLost when the work was dropped or given to somebody else meanwhile."""
        now = self._clock()
        with self._database.read() as tx:
            message = deliveries.message(tx, int(claim.payload))
            if message is None:
                return DONE
            format = FORMATS[message.format]
            sealed = format.keys_of(tx, message, now)
        if message.held_until is not None and message.held_until > now:
            return self._wait(claim, message.held_until + random.uniform(0, 1) * HELD_SPREAD)  # noqa: S311
        with self._lane.place(message.hook_id) as has_place:
            if has_place:
                return self._attempt(claim, message, format, sealed)
        return self._wait(claim, now + self._sending_max * random.uniform(0.3, 1))  # noqa: S311 - spreads, does not guard

    def _wait(self, claim: jobs.Claim, until: datetime) -> Result:
        with self._database.transaction() as tx:
            require(jobs.postpone(tx, claim, whole_ms(until), reset_attempts=True), claim)
        return SETTLED

    def _attempt(self, claim: jobs.Claim, message: Message, format: Format, sealed: Sequence[Any]) -> Result:
        begun_at = whole_ms(self._clock())
        answer, verdict = self._send(message, format, sealed)
        self._lane.learn(message.hook_id, answer.duration_ms)
        attempt = Attempt(begun_at, answer.status, verdict.error, answer.duration_ms)
        held_until = self._held_until(verdict)
        with self._database.transaction() as tx:
            if verdict.outcome is Outcome.DELIVERED:
                require(jobs.complete(tx, claim), claim)
                deliveries.mark_delivered(tx, message.delivery_id)
            else:
                self._fail(tx, claim, message, format, verdict, held_until)
            deliveries.log_attempt(tx, message.delivery_id, attempt)
            format.learn(tx, message, attempt, verdict, held_until)
        return SETTLED

    def _send(self, message: Message, format: Format, sealed: Sequence[Any]) -> tuple[Answer, Verdict]:
        trace = traceparent(message.trace_id)
        headers = format.headers(sealed, message, self._keys, self._clock())
        answer = self._post(message.url, message.body, {**headers, "traceparent": trace})
        verdict = format.verdict(answer)
        ATTEMPTS.labels("delivered" if verdict.outcome is Outcome.DELIVERED else "failed").inc()
        DURATION.observe(answer.duration_ms / 1000)
        log.info(
            "webhook.attempt",
            webhook=message.hook_id,
            invoice=message.invoice_id,
            event_id=message.event_id,
            event_type=message.event_type,
            failures=message.failures,
            status=answer.status,
            error=verdict.error,
            duration_ms=answer.duration_ms,
            traceparent=trace,
        )
        return answer, verdict

    def _held_until(self, verdict: Verdict) -> datetime | None:
        if verdict.hold_s is None:
            return None
        hold_s = min(verdict.hold_s, self._rules.endpoint_retry_after_s_max)
        return whole_ms(self._clock()) + timedelta(seconds=hold_s)

    def _fail(
        self,
        tx: Tx,
        claim: jobs.Claim,
        message: Message,
        format: Format,
        verdict: Verdict,
        held_until: datetime | None,
    ) -> None:
        delays_s = format.delays_s(self._rules)
        if verdict.outcome is Outcome.GONE or message.failures >= len(delays_s):
            self._switch_off(tx, claim, message, format, verdict)
            return
        delay = timedelta(seconds=delays_s[message.failures])
        longer = 1 + random.uniform(0, format.jitter_percent(self._rules) / 100)  # noqa: S311 - spreads, does not guard
        again_at = whole_ms(whole_ms(self._clock()) + delay * longer)
        if held_until is not None:
            again_at = max(again_at, held_until)
        require(jobs.postpone(tx, claim, again_at, error=verdict.error, reset_attempts=True), claim)
        deliveries.mark_failed(tx, message.delivery_id, again_at)

    def _switch_off(self, tx: Tx, claim: jobs.Claim, message: Message, format: Format, verdict: Verdict) -> None:
        require(jobs.discard(tx, claim), claim)
        hooks.set_enabled(tx, message.hook_id, False)
        dropped = deliveries.drop_waiting(tx, message.hook_id)
        format.switched_off(tx, message.hook_id, verdict.outcome)
        SWITCHED_OFF.inc()
        log.warning("webhook.switched_off", webhook=message.hook_id, invoice=message.invoice_id, dropped=dropped)


def traceparent(trace_id: str) -> str:
    """W3C trace context of one attempt: every message that one command caused belongs to one trace."""
    traces = (
        hashlib.blake2b(f"{count} {trace_id}".encode(), digest_size=16).hexdigest() for count in itertools.count()
    )
    spans = (os.urandom(8).hex() for _ in itertools.count())
    trace, span = (next(text for text in texts if not LONG_NUMBER.search(text)) for texts in (traces, spans))
    return f"00-{trace}-{span}-01"


def require(is_mine: bool, claim: jobs.Claim) -> None:
    """Raises LeaseLost, which rolls back the transaction of whoever came too late."""
    if not is_mine:
        raise LeaseLost(claim.key)
