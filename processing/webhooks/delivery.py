"""Queue `delivery`: one attempt to tell one hook of one event, and what follows from its outcome.

    200 exactly    delivered; the next event of the invoice is told
    anything else  tried again after the next of settings.webhooks.retry_delays_s; the invoice's later events wait
    no delay left  the hook is switched off and everything that waits for it is dropped

A receiver gets each event at least once: a crash between its answer and our commit sends the same bytes again.
"""

import hashlib
import itertools
import os
import random
import re
from datetime import datetime, timedelta
from typing import Protocol

from processing.machine import LeaseLost
from processing.sealing import SealingKeys
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Database, Tx
from processing.webhooks import deliveries, hooks, signing
from processing.webhooks.bodies import MEDIA_TYPE
from processing.webhooks.deliveries import Attempt, Message
from processing.webhooks.sender import STEPS, Answer
from processing.webhooks.slow_lane import SlowLane
from processing.workers.loop import DONE, SETTLED, Queue, Result
from settings.clock import Clock
from settings.sections import Webhooks
from telemetry import log, metrics

ATTEMPTS = metrics.counter(
    "capi_webhook_attempts", "Attempts to deliver a webhook by what became of them", ("outcome",)
)
DURATION = metrics.histogram("capi_webhook_attempt_duration_seconds", "Time of one attempt to deliver a webhook")
SWITCHED_OFF = metrics.counter("capi_webhooks_switched_off", "Webhooks switched off after their last retry")

LEASE_SPARE = timedelta(seconds=10)
SLOW_LANE_SHARE = 4
SLOW_SHARE = 4
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
        self._delays = [timedelta(seconds=delay_s) for delay_s in settings.retry_delays_s]
        self._keys = keys
        self._post = post
        self._slow_ms = settings.timeout_ms // SLOW_SHARE
        self._lane = SlowLane(1, self._slow_ms)

    def queue(self, threads: int, lease: timedelta) -> Queue:
        """The queue as the loop wants it. A lease that a slow receiver could outlast is made longer."""
        self._lane = SlowLane(max(1, threads // SLOW_LANE_SHARE), self._slow_ms)
        return Queue(deliveries.QUEUE, self.handle, threads, max(lease, self._sending_max + LEASE_SPARE))

    def handle(self, claim: jobs.Claim) -> Result:
        """One attempt. Raises LeaseLost when the work was dropped or given to somebody else meanwhile."""
        with self._database.read() as tx:
            message = deliveries.message(tx, int(claim.payload))
        if message is None:
            return DONE
        with self._lane.place(message.hook_id) as has_place:
            return self._attempt(claim, message) if has_place else self._wait_for_place(claim)

    def _wait_for_place(self, claim: jobs.Claim) -> Result:
        wait = self._sending_max * random.uniform(0.3, 1)  # noqa: S311 - spreads, does not guard
        with self._database.transaction() as tx:
            require(jobs.postpone(tx, claim, whole_ms(self._clock() + wait), reset_attempts=True), claim)
        return SETTLED

    def _attempt(self, claim: jobs.Claim, message: Message) -> Result:
        begun_at = whole_ms(self._clock())
        answer = self._send(message)
        self._lane.learn(message.hook_id, answer.duration_ms)
        attempt = Attempt(begun_at, answer.status, answer.error, answer.duration_ms)
        with self._database.transaction() as tx:
            if answer.is_success:
                require(jobs.complete(tx, claim), claim)
                deliveries.mark_delivered(tx, message.delivery_id)
            else:
                self._fail(tx, claim, message, answer)
            deliveries.log_attempt(tx, message.delivery_id, attempt)
        return SETTLED

    def _send(self, message: Message) -> Answer:
        trace = traceparent(message.trace_id)
        private_key = self._keys.open(message.private_key, hooks.owner_of_key(message.hook_id))
        headers = {
            "Content-Type": MEDIA_TYPE,
            signing.HEADER: signing.content_signature(private_key, message.body),
            "traceparent": trace,
        }
        answer = self._post(message.url, message.body, headers)
        ATTEMPTS.labels("delivered" if answer.is_success else "failed").inc()
        DURATION.observe(answer.duration_ms / 1000)
        log.info(
            "webhook.attempt",
            webhook=message.hook_id,
            invoice=message.invoice_id,
            event_id=message.event_id,
            event_type=message.event_type,
            failures=message.failures,
            status=answer.status,
            error=answer.error,
            duration_ms=answer.duration_ms,
            traceparent=trace,
        )
        return answer

    def _fail(self, tx: Tx, claim: jobs.Claim, message: Message, answer: Answer) -> None:
        if message.failures >= len(self._delays):
            self._switch_off(tx, claim, message)
            return
        again_at = self._again_at(message.failures)
        require(jobs.postpone(tx, claim, again_at, error=answer.error, reset_attempts=True), claim)
        deliveries.mark_failed(tx, message.delivery_id, again_at)

    def _again_at(self, failures: int) -> datetime:
        return whole_ms(self._clock()) + self._delays[failures]

    def _switch_off(self, tx: Tx, claim: jobs.Claim, message: Message) -> None:
        require(jobs.discard(tx, claim), claim)
        hooks.set_enabled(tx, message.hook_id, False)
        dropped = deliveries.drop_waiting(tx, message.hook_id)
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
