"""A merchant at /v2 who takes no failure for an answer, and what the platform acknowledged to them.

A request whose outcome is unknown (no answer, 5xx) is sent again, byte for byte, under the same externalID.
"""

import json
import secrets
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import urllib3

TIMEOUT_S = 8
CONNECTIONS = 512
PAUSE_S, PAUSE_S_MAX = 0.2, 3.0
UNDECIDED = frozenset({429, 500, 502, 503, 504})


class OutOfTime(Exception):
    """The campaign ended before there was an answer."""


class Answer(NamedTuple):
    """An HTTP answer."""

    status_code: int
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.data)


class Journal:
    """What was acknowledged, and what no merchant should see. Filled by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: dict[str, str] = {}
        self.ids: dict[str, set[str]] = defaultdict(set)
        self.answers: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.twins = 0

    def acknowledge(self, path: str, object_id: str, external_id: str | None = None) -> None:
        """An object that has to exist from now on, readable at `path`."""
        with self._lock:
            self.acknowledged[path] = object_id
            if external_id:
                self.ids[external_id].add(object_id)

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


class Merchant:
    """`end`: moment of the monotonic clock at which patience ends."""

    def __init__(self, api_url: str, tokens_url: str, api_key: str, journal: Journal, end: float) -> None:
        self._urls = {True: tokens_url, False: api_url}
        self._api_key = api_key
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=TIMEOUT_S)
        self._pairs = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="twin")
        self.journal = journal
        self.end = end

    def once(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer | None:
        """One request; None when no answer came."""
        headers = {"Authorization": f"Bearer {token or self._api_key}", "X-Request-ID": secrets.token_hex(8)}
        if method == "POST":
            headers["Content-Type"] = "application/json; charset=utf-8"
        url = self._urls[path == "/processing/payment-resources"] + path
        try:
            answer = self._pool.request(
                method, url, body=None if body is None else json.dumps(body).encode(), headers=headers
            )
        except urllib3.exceptions.HTTPError as failure:
            self.journal.count(type(failure).__name__)
            return None
        self.journal.count(str(answer.status))
        return Answer(answer.status, answer.data)

    def insist(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        """The first answer that decides something. Raises OutOfTime."""
        pause = PAUSE_S
        while True:
            answer = self.once(method, path, body, token)
            if answer is not None and answer.status_code not in UNDECIDED:
                return answer
            self.sleep(pause)
            pause = min(2 * pause, PAUSE_S_MAX)

    def create(
        self, path: str, body: dict, *, twice: bool, id_of: Any = lambda said: said["id"], refusals: tuple = ()
    ) -> dict | None:
        """A new object by its externalID, asked for twice at once if told; None when it was refused.

        `refusals`: codes of the 400s that are no surprise.
        """
        twins = [self._pairs.submit(self.insist, "POST", path, body)] if twice else []
        if twice:
            self.journal.count_twins()
        answers = [self.insist("POST", path, body), *(each.result() for each in twins)]
        made = [answer.json() for answer in answers if answer.status_code == 201]
        for said in made:
            self.journal.acknowledge(f"{path}/{id_of(said)}", id_of(said), body["externalID"])
        refused = [answer for answer in answers if answer.status_code != 201]
        for answer in refused:
            if made or answer.status_code != 400 or answer.json().get("code") not in refusals:
                self.journal.surprise(f"POST {path} answered {answer.status_code} {answer.text[:200]}")
        return made[0] if made else None

    def read(self, path: str) -> dict | list | None:
        """What stands there now; None when there is no answer to rely on."""
        answer = self.once("GET", path)
        if answer is None or answer.status_code in UNDECIDED:
            return None
        if answer.status_code != 200:
            self.journal.surprise(f"GET {path} answered {answer.status_code} {answer.text[:200]}")
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
        if time.monotonic() > self.end:
            raise OutOfTime
        time.sleep(seconds)
