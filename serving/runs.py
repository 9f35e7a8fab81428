"""Runs the work of requests: coroutines that have one owner, no name, and are cancelled by nobody.

An `asyncio.Task` is made for more than that: it is registered, weakly kept, and has a handle of the loop for each of
its steps. Here the work of all requests that are ready goes on in one call of the loop, step by step. What such work
awaits are futures of this loop, or nothing (`yield`, as `rpc.abreast` does): then the others make their step first.
Whatever needs to know its task (`asyncio.timeout`) must be given one. A new invoice costs the gateway 131 us, with a
task for each 148 (`python -m benches --only ours`).
"""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any


class Runs:
    """Those of one event loop."""

    __slots__ = ("context", "is_due", "loop", "ready")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.context = loop, copy_context()
        self.ready: list[Run] = []
        self.is_due = False

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Has the work begun when what is ready now has run. What it raises is the loop's to report."""
        self.put(Run(self, work, copy_context()))

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
                for run in ready:
                    run.step()
        finally:
            self.is_due = False


class Run:
    """One coroutine on its way."""

    __slots__ = ("context", "runs", "work")

    def __init__(self, runs: Runs, work: Coroutine[Any, Any, None], context: Context) -> None:
        self.runs, self.work, self.context = runs, work, context

    def wake(self, awaited: Any) -> None:
        """What the work waits for is there: it goes on with the others for which that holds."""
        self.runs.put(self)

    def step(self) -> None:
        """Until the work waits for something, or ends."""
        runs = self.runs
        try:
            awaited = self.context.run(self.work.send, None)
            if awaited is None:
                runs.put(self)
            else:
                awaited._asyncio_future_blocking = False  # as a task says that it has taken the future over
                awaited.add_done_callback(self.wake, context=runs.context)
        except (StopIteration, asyncio.CancelledError):
            return
        except Exception as problem:
            runs.loop.call_exception_handler({"message": "the work of a request failed", "exception": problem})
