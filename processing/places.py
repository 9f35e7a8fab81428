"""So many at a time of each name, and nobody waits: a bulkhead around what may hang."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rpc.failures import Unavailable

NO_PLACE = "too many calls at this bank"


class Places:
    """`each_max` places for every name; for any number of threads."""

    def __init__(self, each_max: int) -> None:
        self.each_max = each_max
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """A place while the block runs. Raises Unavailable at once when all of that name are taken."""
        with self._lock:
            if self._taken[name] >= self.each_max:
                raise Unavailable(NO_PLACE)
            self._taken[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[name] -= 1
