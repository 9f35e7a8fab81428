"""What a request may have done: watches its inner calls, so that an answer can say honestly whether money moved.

A call that only reads does nothing. A call that may change something has surely done nothing when the platform refused
it by a declared exception, or when it was unavailable; it has, or may have, in every other case.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from rpc.failures import Unavailable
from rpc.idl.runtime import Declared
from translator.exchange import Exchange

READS = ("Get", "Search", "Compute", "Check", "Find", "List", "Pull", "Bind", "Next")
"""How the names of functions begin that move nothing: reads, and the making of ids."""


class Watched:
    """An rpc client of one request; `exchange.has_begun` becomes true with the first call that may have had effect."""

    __slots__ = ("_exchange", "_rpc")

    def __init__(self, rpc: Any, exchange: Exchange) -> None:
        self._rpc, self._exchange = rpc, exchange

    def __getattr__(self, name: str) -> "WatchedService":
        return WatchedService(getattr(self._rpc, name), self._exchange)


class WatchedService:
    """A service of it."""

    __slots__ = ("_exchange", "_service")

    def __init__(self, service: Any, exchange: Exchange) -> None:
        self._service, self._exchange = service, exchange

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        function = getattr(self._service, name)
        return function if name.startswith(READS) else watched(function, self._exchange)


def watched(function: Callable[..., Awaitable[Any]], exchange: Exchange) -> Callable[..., Awaitable[Any]]:
    """The function, which notes what became of it."""

    async def call(*arguments: Any, **named: Any) -> Any:
        before, exchange.has_begun = exchange.has_begun, True
        try:
            return await function(*arguments, **named)
        except Exception as problem:
            if isinstance(problem, Unavailable | Declared):
                exchange.has_begun = before
            raise

    return call
