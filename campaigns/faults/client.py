"""A merchant at one version of the API who takes no failure for an answer, and what was acknowledged to merchants.

What a repeat means, and what has to be looked at before it, is each version's own: v1.py, v2.py, v3.py.
"""

import json
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import urllib3

TIMEOUT_S = 8
CONNECTIONS = 512
PAUSE_S, PAUSE_S_MAX = 0.2, 3.0
UNDECIDED = frozenset({429, 500, 502, 503, 504})
CARD_PATHS = ("/processing/payment-resources", "/paymentTokens")


class OutOfTime(Exception):
    """The campaign ended before there was an answer."""


@dataclass
class Patience:
    """`end`: moment of the monotonic clock at which that of all merchants ends."""

    end: float


class Answer(NamedTuple):
    """An HTTP answer. `headers` do not mind upper and lower case."""

    status_code: int
    data: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.data)


class KeyUse(NamedTuple):
    """A request under an idempotency key, and how it was decided. `made`: id in the answer, None of a refusal."""

    path: str
    body: Any
    status: int
    made: str | None


class Journal:
    """What was acknowledged, and what no merchant should see. Filled by many threads.

    `acknowledged`: (version, path) -> id; `allowed`: how much may have been made at a place, where repeats are not
    told apart by an externalID. A place is an invoice's product, the invoice of payments, `invoice.payment` of refunds.
    `keys`: what v3 decided; `denied`: keys under which it said that surely nothing was done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: dict[tuple[str, str], str] = {}
        self.ids: dict[str, set[str]] = defaultdict(set)
        self.allowed: Counter[str] = Counter()
        self.keys: dict[str, KeyUse] = {}
        self.denied: list[str] = []
        self.answers: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.twins = 0

    def acknowledge(self, version: str, path: str, object_id: str, key: str | None = None) -> None:
        """An object that has to exist from now on, readable at `path`."""
        with self._lock:
            self.acknowledged[version, path] = object_id
            if key:
                self.ids[key].add(object_id)

    def allow(self, place: str) -> None:
        """One more object may be made there."""
        with self._lock:
            self.allowed[place] += 1

    def deny(self, place: str, key: str) -> None:
        """None of what was asked for under the key may be made there."""
        with self._lock:
            self.allowed[place] -= 1
            self.denied.append(key)

    def count(self, answer: str) -> None:
        """A status, or how a request went without one."""
        with self._lock:
            self.answers[answer] += 1

    def count_twins(self) -> None:
        """A request was sent twice at once."""
        with self._lock:
            self.twins += 1

    def surprise(self, sentence: str) -> None:
        """Something that must not happen."""
        with self._lock:
            self.surprises.append(sentence)


class Caller:
    """One key at the two gateways of one version."""

    def __init__(self, version: str, urls: tuple[str, str], api_key: str, journal: Journal, patience: Patience) -> None:
        self.version, self.journal, self._patience = version, journal, patience
        self._api_url, self._cards_url = urls
        self._api_key = api_key
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=TIMEOUT_S)
        self._pairs = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="twin")

    def once(
        self, method: str, path: str, body: Any = None, token: str | None = None, more: Mapping[str, str] | None = None
    ) -> Answer | None:
        """One request; None when no answer came. `more`: further headers."""
        headers = {"Authorization": f"Bearer {token or self._api_key}", "X-Request-ID": secrets.token_hex(8)}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        url = (self._cards_url if path in CARD_PATHS else self._api_url) + path
        try:
            answer = self._pool.request(
                method, url, body=None if body is None else json.dumps(body).encode(), headers=headers | (more or {})
            )
        except urllib3.exceptions.HTTPError as failure:
            self.journal.count(type(failure).__name__)
            return None
        self.journal.count(f"{self.version} {answer.status}")
        return Answer(answer.status, answer.data, answer.headers)

    def insist(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        """The first answer that decides something. Raises OutOfTime."""
        pause = PAUSE_S
        while True:
            answer = self.once(method, path, body, token)
            if answer is not None and answer.status_code not in UNDECIDED:
                return answer
            self.sleep(pause)
            pause = min(2 * pause, PAUSE_S_MAX)

    def side_by_side(self, send: Callable[[], Answer], twice: bool) -> list[Answer]:
        """The answers to a request that is sent once, or twice at once."""
        twins = [self._pairs.submit(send)] if twice else []
        if twice:
            self.journal.count_twins()
        return [send(), *(each.result() for each in twins)]

    def refused(self, method: str, path: str, answer: Answer) -> None:
        """Notes an answer that must not be."""
        self.journal.surprise(f"{self.version} {method} {path} answered {answer.status_code} {answer.text[:200]}")

    def read(self, path: str) -> Any:
        """What stands there now; None when there is no answer to rely on."""
        answer = self.once("GET", path)
        if answer is None or answer.status_code in UNDECIDED:
            return None
        if answer.status_code != 200:
            self.refused("GET", path, answer)
            return None
        return answer.json()

    def await_status(self, path: str, wanted: tuple[str, ...]) -> str:
        """Reads until the object has one of these statuses. Raises OutOfTime."""
        pause = 0.2
        while True:
            said = self.read(path)
            if said is not None and said["status"] in wanted:
                return said["status"]
            self.sleep(pause)
            pause = min(1.5 * pause, PAUSE_S_MAX)

    def sleep(self, seconds: float) -> None:
        """Raises OutOfTime when patience is at its end."""
        if time.monotonic() > self._patience.end:
            raise OutOfTime
        time.sleep(seconds)
