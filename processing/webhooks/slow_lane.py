"""Keeps receivers that let us wait from holding every thread: without it a few of them stop everybody's webhooks."""

import contextlib
import threading
from collections.abc import Iterator


class SlowLane:
    """Slow receivers share `places` threads.

    A hook is slow after an attempt that took `slow_ms` or longer, and until a faster one. Of this process only.
    """

    def __init__(self, places: int, slow_ms: int) -> None:
        self._places = threading.Semaphore(places)
        self._slow_ms = slow_ms
        self._slow: set[int] = set()

    @contextlib.contextmanager
    def place(self, hook_id: int) -> Iterator[bool]:
        """Whether the hook may be called now."""
        if hook_id not in self._slow:
            yield True
            return
        has_place = self._places.acquire(blocking=False)
        try:
            yield has_place
        finally:
            if has_place:
                self._places.release()

    def learn(self, hook_id: int, duration_ms: int) -> None:
        """What an attempt tells of the hook."""
        (self._slow.add if duration_ms >= self._slow_ms else self._slow.discard)(hook_id)
