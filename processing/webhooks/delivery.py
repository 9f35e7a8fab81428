"""Queue `delivery`: one look at a line of a hook tells its receiver what is due there, and settles what came of it.

    delivered      the next event of the invoice is told
    failed         tried again after the next of the kind's delays; the invoice's later events wait
    no delay left  the hook is switched off and everything that waits for it is dropped
    gone           the same, at once
    away for good  the same, when every attempt has failed for as long as all the delays together

What is signed how, and which answer means what, stands in processing/webhooks/formats.py. A receiver gets each event at
least once: a crash between its answers and our commit sends the same bytes again, no more than a look's. A hook that is
switched off or deleted while it is told may be told the rest of that look.
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
from processing.workers.loop import BACKOFF_MAX, SETTLED, Queue, Result
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
"""One receiver, all slow ones together, or all that are away, hold at most this part of the threads."""

SLOW_SHARE = 4
"""A receiver is slow that takes this part of what it may take."""

HELD_SPREAD, REST_SPREAD = timedelta(seconds=5), timedelta(seconds=1)
"""What waited for a receiver that asked for time, or that rested, does not come back all at once, and not always in the
same order: else the first line alone would try it."""

OUT_OF_TURN = timedelta(seconds=1)
"""When to look again at something that is due and stands behind what waits in another line."""

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
        share = max(1, threads // LANE_SHARE)
        return Queue(lines.QUEUE, self.handle, threads, lease, lane_threads=share, on_quarantine=self.put_off)

    def put_off(self, claim: jobs.Claim, error: str) -> bool:
        """Looks that crash again and again are our own fault: they go on, now and then, until it is mended."""
        log.error("webhook.look_crashes", key=claim.key, attempts=claim.attempts, reason=error)
        with self._database.transaction() as tx:
            require(jobs.postpone(tx, claim, self._now() + BACKOFF_MAX, error=error), claim)
        return True

    def handle(self, claim: jobs.Claim) -> Result:
        """One look. Raises LeaseLost when the line was given to somebody else meanwhile."""
        hook_id, line = lines.parsed(claim.key)
        if line is None:
            return self._replace(claim, hook_id)
        look = self._look(hook_id, line)
        if look is None:
            return self._close(claim, hook_id)
        lane = lines.lane(hook_id, is_slow=look.receiver.is_slow, is_away=look.receiver.is_away)
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

    def _look(self, hook_id: int, line: int) -> Look | None:
        """None: there is no such hook, or it is switched off."""
        now = self._now()
        with self._database.read() as tx:
            receiver = receivers.find(tx, hook_id)
            if receiver is None or not receiver.is_enabled:
                return None
            pause = later_of(receiver.resting_until, receiver.held_until)
            if pause is not None and pause > now:
                return Look(receiver, line, [], (), pause_of(receiver))
            messages = lines.due(tx, hook_id, line, now, 1 if receiver.is_away else LOOK_MESSAGES_MAX)
            return Look(receiver, line, messages, FORMATS[receiver.format].keys_of(tx, receiver, now), None)

    def _close(self, claim: jobs.Claim, hook_id: int) -> Result:
        """Nothing is sent to a hook that is switched off: what came in beside the switching is dropped too."""
        with self._database.transaction() as tx:
            hooks.lock(tx, hook_id)
            receiver = receivers.find(tx, hook_id)
            if receiver is None or not receiver.is_enabled:
                deliveries.drop_waiting(tx, hook_id)
                require(jobs.complete(tx, claim), claim)
            else:
                require(jobs.look_again(tx, claim, self._now()), claim)
        return SETTLED

    def _replace(self, claim: jobs.Claim, hook_id: int) -> Result:
        """The job of a message, by a process of an older release: the message stands in the first line."""
        with self._database.transaction() as tx:
            require(jobs.discard(tx, claim), claim)
            lines.look_now(tx, hook_id, 0, self._now())
        return SETTLED

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
        is_last = bool(failed) and self._is_last(look, failed[-1]) and lines.is_in_place(tx, failed[-1].message)
        self._note(tx, look, attempts, failed)
        if not receiver.is_enabled:
            deliveries.drop_waiting(tx, receiver.hook_id)
            require(jobs.complete(tx, claim), claim)
            return
        if receiver.url != look.receiver.url:
            self._look_again(tx, claim, look, (), receiver)
            return
        after = receivers.learnt(receiver, attempts, self._slow_ms, self._longest_rest(look))
        look.format.learn(tx, receiver.hook_id, attempts)
        receivers.keep(tx, receiver, after)
        if failed and (is_last or self._is_away_for_good(look, after)):
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
        now, hook_id = self._now(), after.hook_id
        if look.receiver.is_away and not after.is_away:
            lines.look_everywhere(tx, hook_id, now, but=look.line)
        require(jobs.hold(tx, claim), claim)
        due = lines.next_due(tx, hook_id, look.line)
        if due is not None and due <= now and not look.messages:
            lines.let_pass(tx, hook_id, look.line, now)
            due = max(lines.next_due(tx, hook_id, look.line), now + OUT_OF_TURN)
        if due is None:
            require(jobs.complete(tx, claim), claim)
            return
        held_until = attempts[-1].held_until if attempts else None
        pause = pause_of(after._replace(held_until=held_until))
        lane = lines.lane(hook_id, is_slow=after.is_slow, is_away=after.is_away)
        require(jobs.look_again(tx, claim, max(due, now), not_before=pause, lane=lane), claim)

    def _again_at(self, format: Format, failed: Attempted) -> datetime:
        delays_s = format.delays_s(self._rules)
        delay = timedelta(seconds=delays_s[min(failed.message.failures, len(delays_s) - 1)] if delays_s else 0)
        longer = 1 + random.uniform(0, format.jitter_percent(self._rules) / 100)  # noqa: S311 - spreads, does not guard
        again_at = whole_ms(failed.ended_at + delay * longer)
        return again_at if failed.held_until is None else max(again_at, failed.held_until)

    def _is_away_for_good(self, look: Look, after: Receiver) -> bool:
        """Whether the receiver has taken nothing for as long as a message is tried: what waits would be given up one by
        one, but a receiver that rests is not tried often enough for that."""
        delays_s = look.format.delays_s(self._rules)
        longest = timedelta(seconds=sum(delays_s)) * (1 + look.format.jitter_percent(self._rules) / 100)
        is_over = after.failing_since is not None and self._now() - after.failing_since > longest
        return is_over and after.failures > max(len(delays_s), receivers.RESTS_AFTER)

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


def pause_of(receiver: Receiver) -> datetime | None:
    """Till when nothing is sent to it, and a little longer by chance; None where nothing keeps us."""
    rested, held = receiver.resting_until, receiver.held_until
    return later_of(rested and scattered(rested, REST_SPREAD), held and scattered(held, HELD_SPREAD))


def scattered(moment: datetime, spread: timedelta) -> datetime:
    """A little after the moment, by chance."""
    return whole_ms(moment + random.uniform(0, 1) * spread)  # noqa: S311 - spreads, does not guard


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
