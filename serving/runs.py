"""Runs the work of requests: coroutines that have one owner, no name, and are cancelled by nobody.

An `asyncio.Task` is made for more than that: it is registered, weakly kept, and has a handle of the loop for each of
its steps. Here the work of all requests that are ready goes on in one call of the loop, step by step. What such work
awaits are futures of this loop, or nothing (`yield`, as `rpc.abreast` does): then the others make their step first.
Whatever needs to know its task (`asyncio.timeout`) must be given one. With a task for each, a new invoice cost the
gateway 17 us more (`python -m benches --only ours`).
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

import msgspec


class Runs:
    """Those of one event loop."""

    __slots__ = ("context", "is_due", "loop", "ready")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.context = loop, copy_context()
        self.ready: list[Run] = []
        self.is_due = False

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Has the work begun when what is ready now has run. What it raises is the loop's to report."""
        self.put(Run(self, copy_context().run, work.send))

    def put(self, run: "Run") -> None:
        """Has the next step of a run made, behind those put before."""
        if not self.is_due:
            self.is_due = True
            self.loop.call_soon(self.go)
        self.ready.append(run)

    def go(self) -> None:
        """One step of each run that is ready, and on like that until all of them wait for something."""
        try:
            while self.ready:
                ready, self.ready = self.ready, []
                self.step(ready, self.ready.append)
        finally:
            self.is_due = False

    def step(self, ready: "list[Run]", again: "Callable[[Run], None]") -> None:
        """One step of each. In one loop: a call for each step, and one to put the run back, cost 1 us a request."""
        for run in ready:
            try:
                awaited = run.within(run.send, None)
                if awaited is None:
                    again(run)
                else:
                    awaited._asyncio_future_blocking = False  # as a task says that it has taken the future over
                    awaited.add_done_callback(run.wake, context=self.context)
            except (StopIteration, asyncio.CancelledError):
                continue
            except Exception as problem:
                self.loop.call_exception_handler({"message": "the work of a request failed", "exception": problem})


class Run(msgspec.Struct, eq=False):
    """One coroutine on its way. `within`: calls a function in the coroutine's context."""

    runs: Runs
    within: Callable[..., Any]
    send: Callable[[None], Any]

    def wake(self, awaited: Any) -> None:
        """What the work waits for is there: it goes on with the others for which that holds."""
        self.runs.put(self)
