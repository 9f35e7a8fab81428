"""Group commit: what several threads want written at the same moment goes into one transaction.

    commits = Together(database, write=write_all, key=machine_of)
    result = commits.write(item)        # from any thread; back when it is durable

Whoever comes first writes alone and at once; those who come meanwhile are written together by the first of them. Disk,
locks of hot rows and round trips are then paid once for all, and the busier it gets the more they share. Only where the
last transaction was shared is the next one held back for a moment, as PostgreSQL's commit_delay does.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from processing.storage.port import Database, OutcomeUnknown, Tx, Unavailable

TOGETHER_MAX = 24
"""Items of one transaction: bounds what one failure makes be done again, one by one."""

GATHER_S = 0.008
"""How long a transaction is held back for others while it is busy."""

Write = Callable[[Tx, Sequence[Any]], Sequence[Any]]
"""Writes the items; answers a result for each, in their order. May be called again after what it wrote was undone."""


class Waiting:
    """An item whose thread waits. `woken` is held until it is done, or its thread has to lead."""

    __slots__ = ("error", "is_done", "item", "result", "woken")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


class Together:
    """`key(item)`: items of one key never share a transaction, for the second would not see what the first did."""

    def __init__(
        self, database: Database, write: Write, key: Callable[[Any], Hashable], together_max: int = TOGETHER_MAX
    ) -> None:
        self._database = database
        self._write = write
        self._key = key
        self._together_max = together_max
        self._lock = threading.Lock()
        self._queue: deque[Waiting] = deque()
        self._is_led = self._is_busy = False

    def write(self, item: Any) -> Any:
        """The item's result once it is durable. Raises what writing it alone raises."""
        mine = Waiting(item)
        with self._lock:
            self._queue.append(mine)
            leads, self._is_led = not self._is_led, True
        if not leads:
            mine.woken.acquire()
        if not mine.is_done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _lead(self) -> None:
        """Writes what waits, its own item first; then lets the next one lead."""
        if self._is_busy:
            time.sleep(GATHER_S)
        with self._lock:
            group = self._take()
            self._is_busy = len(group) > 1
        try:
            self._write_group(group)
        finally:
            with self._lock:
                heir = self._queue[0] if self._queue else None
                self._is_led = heir is not None
            for waiting in group[1:]:
                waiting.woken.release()
            if heir is not None:
                heir.woken.release()

    def _take(self) -> list[Waiting]:
        """From the front of the queue, until a key comes for the second time."""
        group: list[Waiting] = []
        keys: set[Hashable] = set()
        while self._queue and len(group) < self._together_max:
            key = self._key(self._queue[0].item)
            if key in keys:
                break
            keys.add(key)
            group.append(self._queue.popleft())
        return group

    def _write_group(self, group: list[Waiting]) -> None:
        """One for whom it goes wrong spoils it for all: then each is written alone, and fails or succeeds alone."""
        failure = self._try(group)
        if failure is None:
            return
        if len(group) == 1 or isinstance(failure, (Unavailable, OutcomeUnknown)):
            for waiting in group:
                waiting.error, waiting.is_done = failure, True
            return
        for waiting in group:
            alone = self._try([waiting])
            waiting.error, waiting.is_done = alone, True

    def _try(self, group: list[Waiting]) -> BaseException | None:
        try:
            with self._database.transaction() as tx:
                results = self._write(tx, [waiting.item for waiting in group])
        except BaseException as failure:
            return failure
        for waiting, result in zip(group, results, strict=True):
            waiting.result, waiting.is_done = result, True
        return None


def of_anything(database: Database) -> Together:
    """Items are functions of the transaction, each of which sees what those before it wrote; results are theirs."""
    return Together(database, lambda tx, items: [item(tx) for item in items], key=id)
