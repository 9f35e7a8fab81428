"""The bank's calls to a merchant's address: signed, repeated until answered with 200, given up after a while.

    POST <notifyUrl>
    Content-Type: application/json
    X-Notice-Signature: t=<seconds since 1970>, hmac=<hex>

`hmac` is HMAC-SHA256 with the notice key over `<t>.<body>`, of this attempt. A merchant refuses a wrong signature and
an old moment, and expects the same notice more than once.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping

import urllib3

from processing.banks.mock.books import Books, Notice
from processing.banks.mock.config import Config
from settings.clock import Clock
from telemetry import log

SIGNATURE_HEADER = "X-Notice-Signature"
RETRY_DOUBLINGS_MAX = 6

Post = Callable[[str, bytes, Mapping[str, str], float], int]
"""(url, body, headers, timeout in seconds) -> HTTP status; raises urllib3's errors. Called in a thread."""


class Courier:
    """Delivers what is queued in the books."""

    def __init__(self, books: Books, config: Config, clock: Clock, post: Post) -> None:
        self._books = books
        self._config = config
        self._clock = clock
        self._post = post

    def claim_due(self) -> list[Notice]:
        """The notices whose moment has come, put off until one attempt is surely over: no other runs beside it."""
        now = int(self._clock().timestamp() * 1000)
        due = self._books.due_notices(now)
        for notice in due:
            notice.due_at = now + 3 * self._config.notice_timeout_ms
            self._books.update(notice)
        return due

    async def deliver(self, claimed: list[Notice]) -> None:
        """One attempt for each, side by side."""
        await asyncio.gather(*(self._attempt(notice) for notice in claimed))

    async def _attempt(self, notice: Notice) -> None:
        now = self._clock()
        headers = {"content-type": "application/json", SIGNATURE_HEADER: self._signature(notice, int(now.timestamp()))}
        if notice.trace:
            headers["x-correlation-id"] = notice.trace
        try:
            status = await asyncio.to_thread(
                self._post, notice.url, notice.body, headers, self._config.notice_timeout_ms / 1000
            )
        except urllib3.exceptions.HTTPError as error:
            status = type(error).__name__
        self._note(notice, delivered=status == 200)
        with log.bound(trace_id=notice.trace):
            log.info("mock_bank.notice", notice=notice.id, outcome=notice.outcome, status=status)

    def _note(self, notice: Notice, delivered: bool) -> None:
        """Writes the attempt down; the next one after 1, 2, 4 ... times the retry delay."""
        notice.attempts += 1
        notice.due_at = None
        if delivered:
            notice.outcome = "DELIVERED"
        elif notice.attempts >= self._config.notice_attempts_max:
            notice.outcome = "GIVEN UP"
        else:
            wait_ms = self._config.delays.notice_retry_ms << min(notice.attempts - 1, RETRY_DOUBLINGS_MAX)
            notice.due_at = int(self._clock().timestamp() * 1000) + wait_ms
        self._books.update(notice)

    def _signature(self, notice: Notice, now_s: int) -> str:
        return f"t={now_s}, hmac={sign(notice.body, now_s, self._config.notice_key)}"


def sign(body: bytes, now_s: int, key: bytes) -> str:
    """The hex HMAC of a notice sent at `now_s`."""
    return hmac.new(key, b"%d." % now_s + body, hashlib.sha256).hexdigest()


def post_once(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> int:
    """A single POST: no retries, no redirects, nothing of the answer read."""
    answer = POOL.request(
        "POST", url, body=body, headers=dict(headers), timeout=timeout_s, retries=False, preload_content=False
    )
    answer.release_conn()
    return answer.status


POOL = urllib3.PoolManager(num_pools=4, maxsize=8)
