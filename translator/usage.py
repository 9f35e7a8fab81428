"""How often each party calls each operation: counted in memory, told to the platform every ten seconds and at the end.

Counting is one look into a dictionary. Counts are for the decision whether a version can go, not for invoices: those
of a gateway that is killed are lost, and so is a report of which nobody knows whether it arrived.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rpc.failures import RpcFailure, Unavailable
from rpc.protocol import usage
from settings.clock import Clock
from telemetry import log

INTERVAL_S = 10.0
ROWS_AT_ONCE_MAX = 1_000
KEYS_MAX = 50_000
"""Parties times operations kept while the platform is silent; calls of further ones are not counted meanwhile."""

Tell = Callable[[list[usage.UsageRow]], Awaitable[None]]


class UsageCounts:
    """The counts of one gateway process; `version` is the name they are reported under."""

    def __init__(self, version: str, tell: Tell, clock: Clock) -> None:
        self._version = version
        self._tell = tell
        self._clock = clock
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, party_id: str, operation_id: str) -> None:
        """One more call, known to be this party's."""
        key = party_id, operation_id
        counts = self._counts
        if key in counts:
            counts[key] += 1
        elif len(counts) < KEYS_MAX:
            counts[key] = 1

    async def follow(self, interval_s: float = INTERVAL_S) -> None:
        """Reports until cancelled; the last report, when nobody asks any longer, is the caller's."""
        while True:
            await asyncio.sleep(interval_s)
            await self.report()

    async def report(self) -> None:
        """Tells what was counted since the last report. Never raises: counts are not worth an outage."""
        counts, self._counts = self._counts, {}
        now = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rows = [
            usage.UsageRow(version=self._version, operation=operation_id, party_id=party_id, count=count, last_at=now)
            for (party_id, operation_id), count in counts.items()
        ]
        for start in range(0, len(rows), ROWS_AT_ONCE_MAX):
            await self._report(rows[start : start + ROWS_AT_ONCE_MAX])

    async def _report(self, rows: list[usage.UsageRow]) -> None:
        try:
            await self._tell(rows)
        except Unavailable:
            self._take_back(rows)
        except RpcFailure as failure:
            log.warning("usage.lost", rows=len(rows), failure=type(failure).__name__, reason=failure.reason)
        except Exception:
            log.error("usage.failed", rows=len(rows), exc_info=True)

    def _take_back(self, rows: list[usage.UsageRow]) -> None:
        """The platform surely did not count them: they go with the next report."""
        for row in rows:
            key = row.party_id, row.operation
            self._counts[key] = self._counts.get(key, 0) + row.count


def to_register(bind: Callable[[], Any]) -> Tell:
    """Tells the Usage service; `bind()` gives a client bound to a new internal context each time."""

    async def tell(rows: list[usage.UsageRow]) -> None:
        await bind().usage.Report(rows)

    return tell
