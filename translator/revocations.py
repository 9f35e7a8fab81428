"""Which access tokens are void: the ids of revoked ones, learnt from the platform's register every half second.

Asked on every use of a token, so it is one look into a set. When the register has not answered for `age_s_max`, nobody
can say any more which tokens hold, and every use fails as unavailable: an outage must not make a stolen key good again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rpc.failures import RpcFailure, Unavailable
from settings.clock import Clock
from telemetry import log

INTERVAL_S = 0.5
ALWAYS, NEVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)

Fetch = Callable[[int], Awaitable[Iterable[tuple[int, str]]]]
"""Revocations above a number, each with its number and the token's id, in order."""


class Revocations:
    """`Revocations.of(ids)` never changes; `Revocations(fetch, ...)` follows the register while `follow()` runs."""

    def __init__(self, fetch: Fetch | None, *, clock: Clock | None = None, age_s_max: float = 15.0) -> None:
        self._fetch = fetch
        self._clock = clock
        self._age_s_max = age_s_max
        self._revoked: set[str] = set()
        self._last_number = 0
        self._known_until = ALWAYS if fetch is None else NEVER
        self._answered = asyncio.Event()

    @classmethod
    def of(cls, token_ids: Iterable[str] = ()) -> "Revocations":
        """A fixed set, for tests and tools; `revoke` adds to it."""
        revocations = cls(None)
        revocations._revoked.update(token_ids)
        return revocations

    def revoke(self, token_id: str) -> None:
        """Void from now on in this process."""
        self._revoked.add(token_id)

    def is_revoked(self, token_id: str, now: datetime) -> bool:
        """Raises Unavailable when what is known is too old to say."""
        if token_id in self._revoked:
            return True
        if now > self._known_until:
            raise Unavailable("revocations are not known")
        return False

    def is_fresh(self, now: datetime) -> bool:
        """Whether the register has answered recently enough; also this process's readiness."""
        return now <= self._known_until

    async def refresh(self) -> None:
        """Learns what is new. Raises RpcFailure when the register does not answer."""
        if self._fetch is None:
            return
        is_more = True
        while is_more:
            asked_at = self._clock()
            is_more = self._learn(await self._fetch(self._last_number))
        self._known_until = asked_at + timedelta(seconds=self._age_s_max)
        self._answered.set()

    def _learn(self, found: Iterable[tuple[int, str]]) -> bool:
        """Whether there was anything new: the register answers a long list in parts, and does not say which is last."""
        before = self._last_number
        for number, token_id in found:
            self._revoked.add(token_id)
            self._last_number = max(self._last_number, number)
        return self._last_number > before

    async def first_answer(self, timeout_s: float) -> None:
        """Waits until the register has answered once, or no longer than that."""
        if self._fetch is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), timeout_s)

    async def follow(self, interval_s: float = INTERVAL_S) -> None:
        """Refreshes until cancelled; one line in the log when the register falls silent and one when it is back."""
        silent = False
        while True:
            try:
                await self.refresh()
                if silent:
                    log.info("revocations.followed_again")
                silent = False
            except RpcFailure as failure:
                if not silent:
                    log.warning("revocations.silent", failure=type(failure).__name__, reason=failure.reason)
                silent = True
            except Exception:
                log.error("revocations.failed", exc_info=not silent)
                silent = True
            await asyncio.sleep(interval_s)


def from_register(bind: Callable[[], Any], reader: str) -> Fetch:
    """Fetches through the AccessKeys service; `bind()` gives a client bound to a new internal context each time."""

    async def fetch(after: int) -> list[tuple[int, str]]:
        found = await bind().access_keys.GetRevocations(after, reader)
        return [(revocation.number, revocation.key_id) for revocation in found]

    return fetch
