"""Queue `delivery`: one look at a line of a hook tells its receiver what is due there, and settles what came of it.

    delivered      the next event of the invoice is told
    failed         tried again after the next of the kind's delays; the invoice's later events wait
    no delay left  the hook is switched off and everything that waits for it is dropped
    gone           the same, at once

What is signed how, and which answer means what, stands in processing/webhooks/formats.py. A receiver gets each event at
least once: a crash between its answers and our commit sends the same bytes again, no more than a look's.
"""

import hashlib
import itertools
import os
import random
import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from processing.machine import LeaseLost
from processing.sealing import SealingKeys
from processing.storage import jobs
from processing.storage.moments import whole_ms
from processing.storage.port import Database, Tx
from processing.webhooks import deliveries, hooks, lines, receivers
from processing.webhooks.deliveries import Attempt
from processing.webhooks.formats import FORMATS, Format
from processing.webhooks.lines import Message
from processing.webhooks.receivers import Receiver
from processing.webhooks.sender import STEPS, Answer
from processing.webhooks.verdicts import Attempted, Outcome
from processing.workers.loop import DONE, SETTLED, Queue, Result
from settings.clock import Clock
from settings.sections import Webhooks
from telemetry import log, metrics

ATTEMPTS = metrics.counter(
    "capi_webhook_attempts", "Attempts to deliver a webhook by what became of them", ("outcome",)
)
DURATION = metrics.histogram("capi_webhook_attempt_duration_seconds", "Time of one attempt to deliver a webhook")
SWITCHED_OFF = metrics.counter("capi_webhooks_switched_off", "Webhooks switched off after their last retry")

LOOK_MESSAGES_MAX = 32
LOOK_S = 1.0
"""Bounds of one look: so much is told again after a crash. A commit costs about as much as telling three messages."""

LANE_SHARE = 4
"""One receiver, or all slow ones together, hold at most this part of the threads."""

SLOW_SHARE = 4
"""A receiver is slow that takes this part of what it may take."""

HELD_SPREAD = timedelta(seconds=5)
"""What waited for a receiver that asked for time does not come back all at once."""

OUT_OF_TURN = timedelta(seconds=1)
"""Nothing could be told although something is due: it stands behind what is due later."""

LONG_NUMBER = re.compile("[0-9]{6}")
"""Not in our ids of traces: a log filter could take them for parts of a card number."""


class Post(Protocol):
    """What sends; `processing.webhooks.sender.Sender.post`."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer: ...


class Look(NamedTuple):
    """What there is to do in a line. `pause`: nothing before then."""

    receiver: Receiver
    line: int
    messages: list[Message]
    sealed: Sequence[Any]
    pause: datetime | None

    @property
    def format(self) -> Format:
        return FORMATS[self.receiver.format]


class Delivering:
    """The handler of the queue."""

    def __init__(self, database: Database, clock: Clock, settings: Webhooks, keys: SealingKeys, post: Post) -> None:
        self._database = database
        self._clock = clock
        self._rules = settings
        self._keys = keys
        self._post = post
        self._slow_ms = settings.timeout_ms // SLOW_SHARE
        self._sending_max = timedelta(milliseconds=STEPS * settings.timeout_ms)

    def queue(self, threads: int, lease: timedelta) -> Queue:
        """The queue as the loop wants it."""
        return Queue(lines.QUEUE, self.handle, threads, lease, lane_threads=max(1, threads // LANE_SHARE))

    def handle(self, claim: jobs.Claim) -> Result:
        """One look. Raises LeaseLost when the line was given to somebody else meanwhile."""
        look = self._look(claim)
        if look is None:
            return DONE
        lane = lines.lane(look.receiver.hook_id, look.receiver.is_slow)
        if look.pause is not None or claim.lane != lane:
            return self._wait(claim, look.pause or self._now(), lane)
        if look.receiver.is_away and look.messages:
            tried_until = self._now() + self._sending_max
            if not self._takes_turn(look.receiver, tried_until):
                return self._wait(claim, tried_until, lane)
        attempts = self._tell(look)
        with self._database.transaction() as tx:
            self._settle(tx, claim, look, attempts)
        return SETTLED

    def _look(self, claim: jobs.Claim) -> Look | None:
        """None: nothing is ever sent to this hook any more."""
        hook_id, line = lines.parsed(claim.key)
        now = self._now()
        with self._database.read() as tx:
            receiver = receivers.find(tx, hook_id)
            if receiver is None or not receiver.is_enabled:
                return None
            pause = later_of(receiver.resting_until, receiver.held_until)
            if pause is not None and pause > now:
                return Look(receiver, line, [], (), later_of(pause, spread(receiver.held_until)))
            messages = lines.due(tx, hook_id, line, now, 1 if receiver.is_away else LOOK_MESSAGES_MAX)
            return Look(receiver, line, messages, FORMATS[receiver.format].keys_of(tx, receiver, now), None)

    def _wait(self, claim: jobs.Claim, until: datetime, lane: str) -> Result:
        with self._database.transaction() as tx:
            require(jobs.look_again(tx, claim, until, not_before=until, lane=lane), claim)
        return SETTLED

    def _takes_turn(self, receiver: Receiver, until: datetime) -> bool:
        with self._database.transaction() as tx:
            return receivers.take_turn(tx, receiver, until)

    def _longest_rest(self, look: Look) -> timedelta:
        return timedelta(seconds=max(look.format.delays_s(self._rules), default=0))

    # ------------------------------------------------------------------------------------------------- telling

    def _tell(self, look: Look) -> list[Attempted]:
        """Tells one after another; of an invoice nothing more once it failed, nobody more once the receiver does."""
        attempts: list[Attempted] = []
        waiting: set[str] = set()
        failures, end = look.receiver.failures, time.monotonic() + LOOK_S
        sayable = [message for message in look.messages if message.body is not None]
        opened = look.format.opened(look.receiver, look.sealed, self._keys) if sayable else None
        for message in sayable:
            if message.invoice_id in waiting:
                continue
            if attempts and time.monotonic() > end:
                break
            attempted = self._attempt(look, message, opened)
            attempts.append(attempted)
            if attempted.is_delivered:
                failures = 0
                continue
            waiting.add(message.invoice_id)
            failures += 1
            if attempted.held_until is not None or self._is_last(look, attempted) or failures >= receivers.RESTS_AFTER:
                break
        return attempts

    def _attempt(self, look: Look, message: Message, opened: Any) -> Attempted:
        begun_at = self._now()
        trace = traceparent(message.trace_id)
        headers = look.format.headers(opened, message, begun_at)
        answer = self._post(look.receiver.url, message.body, {**headers, "traceparent": trace})
        verdict = look.format.verdict(answer)
        ATTEMPTS.labels("delivered" if verdict.outcome is Outcome.DELIVERED else "failed").inc()
        DURATION.observe(answer.duration_ms / 1000)
        log.info(
            "webhook.attempt",
            trace_id=message.trace_id,
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
        ended_at = self._now()
        hold_s = verdict.hold_s and min(verdict.hold_s, self._rules.endpoint_retry_after_s_max)
        held_until = ended_at + timedelta(seconds=hold_s) if hold_s is not None else None
        attempt = Attempt(begun_at, answer.status, verdict.error, answer.duration_ms)
        return Attempted(message, attempt, verdict, ended_at, held_until)

    def _is_last(self, look: Look, failed: Attempted) -> bool:
        """Whether the failure is one after which a hook is switched off."""
        delays = len(look.format.delays_s(self._rules))
        return failed.verdict.outcome is Outcome.GONE or failed.message.failures >= delays

    # ------------------------------------------------------------------------------------------------ settling

    def _settle(self, tx: Tx, claim: jobs.Claim, look: Look, attempts: Sequence[Attempted]) -> None:
        """Writes what came of it. The receiver may have been changed meanwhile: what it is now counts."""
        hooks.lock(tx, look.receiver.hook_id)
        receiver = receivers.find(tx, look.receiver.hook_id)
        failed = [each for each in attempts if not each.is_delivered]
        is_off = bool(failed) and receiver.is_enabled and self._ends(tx, look, receiver, failed[-1])
        self._note(tx, look, attempts, failed)
        if not receiver.is_enabled:
            require(jobs.complete(tx, claim), claim)
            return
        after = receivers.learnt(receiver, attempts, self._slow_ms, self._longest_rest(look))
        look.format.learn(tx, receiver.hook_id, attempts)
        receivers.keep(tx, receiver, after)
        if is_off or (failed and self._is_away_for_good(look, after)):
            self._switch_off(tx, claim, look, failed[-1])
        else:
            self._look_again(tx, claim, look, attempts, after)

    def _note(self, tx: Tx, look: Look, attempts: Sequence[Attempted], failed: Sequence[Attempted]) -> None:
        told = [(each.message, deliveries.DELIVERED) for each in attempts if each.is_delivered]
        forgotten = [(message, deliveries.DROPPED) for message in look.messages if message.body is None]
        lines.leave(tx, told + forgotten)
        for each in failed:
            lines.fall_back(tx, each.message, self._again_at(look.format, each))
        for each in attempts:
            deliveries.log_attempt(tx, each.message.delivery_id, each.attempt)

    def _look_again(
        self, tx: Tx, claim: jobs.Claim, look: Look, attempts: Sequence[Attempted], after: Receiver
    ) -> None:
        """Behind the lines of others, however long what is left has been due."""
        due = lines.next_due(tx, after.hook_id, look.line)
        if due is None:
            require(jobs.complete(tx, claim), claim)
            return
        now = self._now()
        pause = later_of(after.resting_until, spread(attempts[-1].held_until if attempts else None))
        if not look.messages:
            pause = later_of(pause, now + OUT_OF_TURN)
        lane = lines.lane(after.hook_id, after.is_slow)
        require(jobs.look_again(tx, claim, max(due, now), not_before=pause, lane=lane), claim)

    def _again_at(self, format: Format, failed: Attempted) -> datetime:
        delays_s = format.delays_s(self._rules)
        delay = timedelta(seconds=delays_s[min(failed.message.failures, len(delays_s) - 1)] if delays_s else 0)
        longer = 1 + random.uniform(0, format.jitter_percent(self._rules) / 100)  # noqa: S311 - spreads, does not guard
        again_at = whole_ms(failed.ended_at + delay * longer)
        return again_at if failed.held_until is None else max(again_at, failed.held_until)

    def _ends(self, tx: Tx, look: Look, receiver: Receiver, failed: Attempted) -> bool:
        """Whether the hook is switched off: not for a message put in line anew meanwhile, nor for another URL."""
        is_same = receiver.url == look.receiver.url
        return is_same and self._is_last(look, failed) and lines.is_in_place(tx, failed.message)

    def _is_away_for_good(self, look: Look, after: Receiver) -> bool:
        """Whether the receiver has taken nothing for as long as a message is tried: what waits would be given up one by
        one, but a receiver that rests is not tried often enough for that."""
        delays_s = look.format.delays_s(self._rules)
        is_over = after.failing_since and self._now() - after.failing_since > timedelta(seconds=sum(delays_s))
        return bool(is_over) and after.failures > max(len(delays_s), receivers.RESTS_AFTER)

    def _switch_off(self, tx: Tx, claim: jobs.Claim, look: Look, failed: Attempted) -> None:
        hook_id = look.receiver.hook_id
        hooks.set_enabled(tx, hook_id, False)
        dropped = deliveries.drop_waiting(tx, hook_id)
        look.format.switched_off(tx, hook_id, failed.verdict.outcome)
        require(jobs.discard(tx, claim), claim)
        SWITCHED_OFF.inc()
        log.warning("webhook.switched_off", webhook=hook_id, invoice=failed.message.invoice_id, dropped=dropped)

    def _now(self) -> datetime:
        return whole_ms(self._clock())


def later_of(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two moments; None where there is none."""
    return max((moment for moment in (one, other) if moment is not None), default=None)


def spread(moment: datetime | None) -> datetime | None:
    """A little after the moment, by chance."""
    return moment and whole_ms(moment + random.uniform(0, 1) * HELD_SPREAD)  # noqa: S311 - spreads, does not guard


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
