"""The gate before the banks: which calls of the platform may go to an adapter now.

    per bank        so many at a time: one that hangs leaves room for the others (`provider_id`)
    per reference   one at a time, and of each attempt one: never an older one after a newer one

A worker that is paused between its announcement and its call wakes with a call that nobody waits for any more; its
attempt is older than what was seen here and goes no further. What was announced before this gate was set up is turned
away as well: somebody newer may have passed before it. Whoever is turned away is told Unavailable: surely nothing was
done.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from processing.banks.protocol import CallbackResult, PaymentContext, ProxyResult
from processing.domain.session import CALL_TIMEOUT
from processing.places import NO_PLACE
from processing.storage import port
from rpc.context import Context
from rpc.failures import Unavailable, Unknown
from settings.clock import Clock
from telemetry import metrics

BEFORE_START = "announced before the adapters were started"
OLDER = "a newer attempt was made"
UNDER_WAY = "another attempt is under way"

REMEMBERED_S = 2 * CALL_TIMEOUT.total_seconds()
"""No call lives longer than CALL_TIMEOUT after its announcement; the rest is for clocks that differ."""

TURNED_AWAY = metrics.counter("bank_calls_turned_away", "Calls that were not made, by bank and reason", ("bank", "why"))


class Gate:
    """One for all adapters of the process; for any number of threads."""

    def __init__(self, calls_max: int, clock: Clock, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`calls_max`: at one bank at a time. `elapsed`: seconds that only grow, whatever the clock does."""
        self._calls_max, self._elapsed = calls_max, elapsed
        self._since, self._started = clock(), elapsed()
        self._lock = threading.Lock()
        self._at_bank: Counter[str] = Counter()
        self._under_way: set[str] = set()
        self._newest: dict[str, int] = {}
        self._seen: deque[tuple[float, str, int]] = deque()

    @contextmanager
    def passed(self, bank: str, reference: str, attempt: int, announced_at: datetime | None) -> Iterator[None]:
        """While a call is made. Raises Unavailable for whom it turns away, Unknown where the vault itself failed."""
        with self._lock:
            why = self._objection(bank, reference, attempt, announced_at)
            if why is None:
                self._at_bank[bank] += 1
                self._under_way.add(reference)
                self._remember(reference, attempt)
        if why is not None:
            TURNED_AWAY.labels(bank, why).inc()
            raise Unavailable(why)
        try:
            yield
        except (port.Unavailable, port.Conflict, port.OutcomeUnknown) as failure:
            # Of the vault's own database, before or after the bank was called: the bank is asked before more is sent.
            raise Unknown("the vault's database failed") from failure
        finally:
            with self._lock:
                self._at_bank[bank] -= 1
                self._under_way.discard(reference)

    def _objection(self, bank: str, reference: str, attempt: int, announced_at: datetime | None) -> str | None:
        is_young = self._elapsed() - self._started < REMEMBERED_S
        if is_young and announced_at is not None and announced_at < self._since:
            return BEFORE_START
        if attempt <= self._newest.get(reference, 0):
            return OLDER
        if reference in self._under_way:
            return UNDER_WAY
        return NO_PLACE if self._at_bank[bank] >= self._calls_max else None

    def _remember(self, reference: str, attempt: int) -> None:
        now = self._elapsed()
        self._newest[reference] = attempt
        self._seen.append((now, reference, attempt))
        while self._seen and now - self._seen[0][0] > REMEMBERED_S:
            _, old, last = self._seen.popleft()
            if self._newest.get(old) == last and old not in self._under_way:
                del self._newest[old]


class Gated:
    """Serves bank_adapter.ProviderProxy for one adapter's proxy behind the gate."""

    def __init__(self, proxy: Any, gate: Gate) -> None:
        self._proxy, self._gate = proxy, gate

    def ProcessPayment(self, context: Context, payment: PaymentContext) -> ProxyResult:
        """Raises Unavailable or Unexpected."""
        with self._passed(context, payment):
            return self._proxy.ProcessPayment(context, payment)

    def HandlePaymentCallback(self, context: Context, callback: bytes, payment: PaymentContext) -> CallbackResult:
        """Raises Unavailable or Unexpected."""
        with self._passed(context, payment):
            return self._proxy.HandlePaymentCallback(context, callback, payment)

    def _passed(self, context: Context, payment: PaymentContext) -> Any:
        deadline = context.deadline
        announced_at = deadline.at - CALL_TIMEOUT if deadline else None
        return self._gate.passed(payment.provider_id or "", payment.reference, payment.session.attempt, announced_at)
