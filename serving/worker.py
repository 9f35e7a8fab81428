"""gunicorn's asgi worker with our own connections: it counts them, times them, and drains at once when told to stop.

From gunicorn come the process model (master, sockets, heartbeat, respawn), the event loop and the application's
lifespan; its HTTP is not used (see `serving.connection`).
"""

import asyncio
import os
import signal

from gunicorn.arbiter import Arbiter
from gunicorn.asgi.lifespan import LifespanManager
from gunicorn.workers.gasgi import ASGIWorker

from serving.connection import Connection
from serving.exchange import Exchange, Headers
from serving.outbox import Outbox
from serving.runs import Runs
from telemetry import log

HEARTBEAT_S = 1.0
DRAIN_STEP_S = 0.02
LOG_FLUSH_S = 0.05


class Worker(ASGIWorker):
    """Serves until TERM; then finishes what it began, within the graceful time."""

    def init_process(self) -> None:
        """Runs in the new process, before anything of the loop."""
        self.limits = self.app.limits
        self.connections: set[Connection] = set()
        self.at_work: set[Exchange] = set()
        self.direct = None
        super().init_process()

    def init_signals(self) -> None:
        """Ctrl-C reaches every process of a terminal at once; the master turns it into TERM for its workers."""
        super().init_signals()
        self.stopping = asyncio.Event()
        self.loop.add_signal_handler(signal.SIGINT, lambda: None)
        self.loop.add_signal_handler(signal.SIGTERM, self.handle_exit_signal)

    def handle_exit_signal(self) -> None:
        """TERM: no new connections, answers announce `connection: close`."""
        self.alive = False
        self.stopping.set()

    def handle_quit_signal(self) -> None:
        """QUIT: stop without waiting for requests in flight."""
        super().handle_quit_signal()
        self.stopping.set()

    async def _serve(self) -> None:
        """From the application's startup to its shutdown."""
        self.lifespan = await self.started_lifespan()
        self.direct = getattr(self.asgi, "direct", None)
        self.outbox, self.runs = Outbox(self.loop), Runs(self.loop)
        log.hold_back()
        self.flush_log()
        for listener in self.sockets:
            self.servers.append(await self.loop.create_server(lambda: Connection(self), sock=listener.sock))
        while self.alive and self.ppid == os.getppid():
            self.notify()
            self.sweep()
            try:
                await asyncio.wait_for(self.stopping.wait(), HEARTBEAT_S)
            except TimeoutError:
                continue
        self.alive = False
        await self.drain()
        log.flush()

    def flush_log(self) -> None:
        """Writes the log lines of the last moment, again and again."""
        log.flush()
        self.loop.call_later(LOG_FLUSH_S, self.flush_log)

    def error_answer(self, status: int) -> tuple[Headers, bytes]:
        """The service's form of an answer that no application gives; an empty one should even that fail."""
        try:
            return self.app.error_answer(status)
        except Exception:
            log.error("http.error_answer_failed", status=status, exc_info=True)
            return [], b""

    def sweep(self) -> None:
        """Ends what takes too long on any connection."""
        now = self.loop.time()
        for connection in list(self.connections):
            connection.sweep(now)

    async def started_lifespan(self) -> LifespanManager | None:
        """The application's lifespan after its startup; None where it has none. A failed startup stops the service."""
        lifespan = LifespanManager(self.asgi, self.log, self.state)
        try:
            await lifespan.startup()
        except Exception as failure:
            if lifespan._startup_reported:
                log.error("serving.start_failed", reason=str(failure))
                raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from failure
            return None
        return lifespan

    async def drain(self) -> None:
        """Closes the port and idle connections, waits for the rest, runs the application's shutdown."""
        for server in self.servers:
            server.close()
        limit = self.loop.time() + self.cfg.graceful_timeout
        while (self.connections or self.at_work) and self.loop.time() < limit and not self._quick_shutdown:
            for connection in list(self.connections):
                connection.close_if_idle()
            await asyncio.sleep(DRAIN_STEP_S)
        if self.connections or self.at_work:
            log.warning("serving.cut", connections=len(self.connections), requests=len(self.at_work))
        if self.lifespan is not None and not self._quick_shutdown:
            await self.lifespan.shutdown()
