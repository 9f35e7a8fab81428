"""Answers of one turn of the event loop, written one after another at its end.

A write wakes whoever waits for it. A peer asleep on another processor costs the writer 15-20 us, one that is awake
because it was just written to costs 3. It tells where few requests are under way: many go abreast, and the answers of
those come one after another in any case.
"""

import asyncio
from typing import Any


class Outbox:
    """One a worker. What is put here is with the transport when the turn ends, or after `flush`."""

    __slots__ = ("loop", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: list[tuple[Any, bytes]] = []

    def put(self, transport: Any, data: bytes) -> None:
        """Takes bytes for a transport, behind all that were put before."""
        if not self.waiting:
            self.loop.call_soon(self.flush)
        self.waiting.append((transport, data))

    def flush(self) -> None:
        """Hands over what waits. Whoever closes a transport or writes to it directly calls this first."""
        waiting, self.waiting = self.waiting, []
        for transport, data in waiting:
            try:
                transport.write(data)
            except Exception:  # noqa: S112 - it tells its own connection; the others are owed theirs
                continue
