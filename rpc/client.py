"""The two clients. `bind` is cheap: it pairs a context with the client; services and functions are looked up by name.

    client = AsyncClient(upstreams={"processing": "http://127.0.0.1:8022"}, secret=secret, caller="capi_v2")
    invoice = await client.bind(context).invoicing.Create(params)

Declared exceptions are raised as themselves, everything else as one of the three failures. Arguments may be given by
name. A row whose upstream is not among `upstreams` does not exist for this client.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Protocol

import msgspec

from rpc.abreast import Abreast
from rpc.breaker_board import Board, opened
from rpc.calling import Attempts, Core, Request, Response, Target
from rpc.codec import LIMITS, Limits
from rpc.context import Context
from rpc.failures import RpcFailure, Unavailable, Unexpected, Unknown
from rpc.idl.runtime import Function, InvalidValue, Service
from rpc.retries import Budget
from rpc.services import ALL, Row
from rpc.signature import secret_of
from rpc.transport_async import AsyncTransport
from rpc.transport_blocking import BlockingTransport
from settings.clock import Clock, system_clock


class Bound(msgspec.Struct, frozen=True, eq=False):
    """A client together with the context that its calls are made in; attributes are rows of services.py."""

    _client: "AsyncClient | BlockingClient"
    context: Context
    __repr__ = object.__repr__

    def __getattr__(self, name: str) -> "BoundService":
        return self._of(self._client.core.target(name))

    def at(self, name: str, path: str) -> "BoundService":
        """A row's service under another path of the same upstream: an adapter of its own."""
        target = self._client.core.target(name)
        path = target.path.removesuffix(target.row.path) + path
        return self._of(replace(target, path=path))

    def _of(self, target: Target) -> "BoundService":
        return bound_service(target.row.service)(self._client, target, self.context)


class BoundService(msgspec.Struct, frozen=True, eq=False):
    """Attributes are the functions of the service."""

    _client: "AsyncClient | BlockingClient"
    _target: Target
    _context: Context
    __repr__ = object.__repr__

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self._target.row.service.name} has no function {name!r}")


def bound_client(targets: Mapping[str, Target]) -> type[Bound]:
    """Bound with the services that one client has as properties: found without `__getattr__`, as the functions are.

    A function is found in 0.4 us where two `__getattr__` and a `partial` took 1.3.
    """
    return type(Bound)("Bound", (Bound,), {name: property(of(target)) for name, target in targets.items()}, eq=False)


def of(target: Target) -> Callable[[Bound], BoundService]:
    """What gives the bound service of a target."""
    made = bound_service(target.row.service)
    return lambda bound: made(bound._client, target, bound.context)


@cache
def bound_service(service: Service) -> type[BoundService]:
    """BoundService with the functions of a service as methods."""
    methods = {name: method(function) for name, function in service.functions.items()}
    return type(BoundService)(service.name, (BoundService,), methods, eq=False)


def method(function: Function) -> Callable[..., Any]:
    """What makes a call of that function; with an AsyncClient it is to be awaited."""

    def call(self: BoundService, *arguments: Any, **named: Any) -> Any:
        given = positional(function, arguments, named) if named else arguments
        return self._client.perform(self._target, function, self._context, given)

    return call


class AsyncSender(Protocol):
    """What an AsyncClient needs of a transport."""

    async def send(self, request: Request) -> Response:
        """Makes the POST once. Raises Unavailable while nothing was written, else Unknown."""

    async def close(self) -> None:
        """Closes idle connections."""


class BlockingSender(Protocol):
    """What a BlockingClient needs of a transport."""

    def send(self, request: Request) -> Response:
        """Makes the POST once. Raises Unavailable while nothing was written, else Unknown."""

    def close(self) -> None:
        """Closes idle connections."""


class AsyncClient:
    """For code on an event loop. One per process; may be used by any number of tasks.

    `upstreams`: name -> base URL. `secret`: None sends calls unsigned. `breaker_failures_max` of 0: no breakers;
    `board`: where other processes see them. `new_budget` makes the budget of repetitions of one upstream.
    """

    def __init__(
        self,
        upstreams: Mapping[str, str],
        secret: bytes | None = None,
        caller: str = "capi",
        clock: Clock = system_clock,
        services: Sequence[Row] = ALL,
        limits: Limits = LIMITS,
        transport: AsyncSender | None = None,
        connections_max: int = 64,
        connect_timeout_ms: int = 1000,
        breaker_failures_max: int = 10,
        breaker_open_ms: int = 2000,
        board: Board | None = None,
        new_budget: Callable[[], Budget] = Budget,
    ) -> None:
        breaking = (breaker_failures_max, breaker_open_ms, board)
        self.core = Core(upstreams, secret, caller, clock, services, limits, *breaking, new_budget)
        self._bound = bound_client(self.core.targets)
        self.abreast = Abreast()
        self.transport = transport or AsyncTransport(limits.body_bytes_max, connections_max, connect_timeout_ms)

    def bind(self, context: Context) -> Bound:
        """This client, calling in that context."""
        return self._bound(self, context)

    async def perform(self, target: Target, function: Function, context: Context, arguments: tuple[Any, ...]) -> Any:
        """Makes one call; repeats it as its row allows."""
        call = Attempts(self.core, target, function, arguments, context)
        abreast = self.abreast
        abreast.under_way += 1
        try:
            await abreast.stage()
            while True:
                try:
                    request = call.request()
                    try:
                        response = await self.transport.send(request)
                    except RpcFailure:
                        raise
                    except Exception as error:
                        raise Unexpected(f"transport: {type(error).__name__}") from error
                    await abreast.stage()
                    return call.result(response)
                except (Unavailable, Unknown) as failure:
                    wait_ms = call.wait_ms(failure)
                    if wait_ms is None:
                        raise
                await asyncio.sleep(wait_ms / 1000)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            abreast.under_way -= 1

    async def close(self) -> None:
        """Closes idle connections."""
        await self.transport.close()


class BlockingClient:
    """For code in threads. One per process; may be used by any number of threads. Arguments as of AsyncClient."""

    def __init__(
        self,
        upstreams: Mapping[str, str],
        secret: bytes | None = None,
        caller: str = "capi",
        clock: Clock = system_clock,
        services: Sequence[Row] = ALL,
        limits: Limits = LIMITS,
        transport: BlockingSender | None = None,
        connections_max: int = 64,
        connect_timeout_ms: int = 1000,
        breaker_failures_max: int = 10,
        breaker_open_ms: int = 2000,
        board: Board | None = None,
        new_budget: Callable[[], Budget] = Budget,
    ) -> None:
        breaking = (breaker_failures_max, breaker_open_ms, board)
        self.core = Core(upstreams, secret, caller, clock, services, limits, *breaking, new_budget)
        self._bound = bound_client(self.core.targets)
        self.transport = transport or BlockingTransport(limits.body_bytes_max, connections_max, connect_timeout_ms)

    def bind(self, context: Context) -> Bound:
        """This client, calling in that context."""
        return self._bound(self, context)

    def call(self, target: Target, function: Function, context: Context, *arguments: Any) -> Any:
        """A call of a function that is known by name only when the program runs."""
        return self.perform(target, function, context, arguments)

    def perform(self, target: Target, function: Function, context: Context, arguments: tuple[Any, ...]) -> Any:
        """Makes one call; repeats it as its row allows."""
        call = Attempts(self.core, target, function, arguments, context)
        try:
            while True:
                try:
                    request = call.request()
                    try:
                        response = self.transport.send(request)
                    except RpcFailure:
                        raise
                    except Exception as error:
                        raise Unexpected(f"transport: {type(error).__name__}") from error
                    return call.result(response)
                except (Unavailable, Unknown) as failure:
                    wait_ms = call.wait_ms(failure)
                    if wait_ms is None:
                        raise
                time.sleep(wait_ms / 1000)
        except BaseException as error:
            call.failed(error)
            raise

    def close(self) -> None:
        """Closes idle connections."""
        self.transport.close()


def positional(function: Function, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Arguments in order of the IDL. Raises InvalidValue for one too many or unknown."""
    all_names = function.arguments.__struct_fields__
    names = all_names[len(arguments) :]
    if not set(named) <= set(names):
        raise InvalidValue(f"{function.service}.{function.name} takes {', '.join(all_names)}")
    return (*arguments, *(named.get(name) for name in names))


def options_of(settings: Any) -> dict[str, Any]:
    """Arguments of a client from `settings.load()`: `AsyncClient(**options_of(settings), caller="capi_v2")`."""
    section = settings.rpc
    return {
        "upstreams": settings.upstreams(),
        "secret": secret_of(section),
        "limits": limits_of(section),
        "connections_max": section.connections_max,
        "connect_timeout_ms": section.connect_timeout_ms,
        "breaker_failures_max": section.breaker_failures_max,
        "breaker_open_ms": section.breaker_open_ms,
        "board": opened(section.breaker_board_file) if section.breaker_failures_max else None,
        "new_budget": partial(Budget, section.retry_percent_max, section.retries_per_s_min),
    }


def limits_of(section: Any) -> Limits:
    """The size limits of the settings section [rpc]."""
    return Limits(section.body_bytes_max, section.string_bytes_max, section.container_items_max)
