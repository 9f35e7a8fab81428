"""gunicorn, embedded: our settings, our worker, our log lines; no command line and no configuration file of its own."""

import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from serving.ports import PortUnavailable, listen
from serving.probes import ErrorAnswer, Headers
from serving.worker import Worker
from settings import Settings, SettingsError, load
from telemetry import log
from telemetry.foreign_logs import JsonLines, adopt

AppFactory = str | Callable[[], Any]
"""A function without arguments that makes the ASGI app, or its name, `module:function`; called once in each worker."""

WORKER_SILENCE_S_MAX = 30
OWNER_ONLY = 0o077
"""What a service writes, databases above all, is nobody else's to read, however the service was started."""

GC_THRESHOLDS = (10_000, 20, 50)
"""Requests leave hardly a cycle behind: looking for some every 700 objects cost a new invoice 5 % of its time."""


def serve(
    app_factory: AppFactory,
    host: str,
    port: int,
    workers: int = 1,
    *,
    name: str,
    port_setting: str | None = None,
    error_answer: ErrorAnswer | None = None,
    settings: Settings | None = None,
) -> NoReturn:
    """Serves until Ctrl-C or TERM, then drains and leaves the process with status 0.

    `name` is the process's name in its log lines; `port_setting` (default `<name>.port`) is the setting named when the
    port is taken; `error_answer(status)` gives the answer to a request broken before the app saw it, and to a crash.
    A port or a setting that cannot be used ends the process with status 1 and one sentence on standard error; an app
    that cannot be made, with 4.
    """
    os.umask(OWNER_ONLY)
    try:
        settings = settings or load()
        log.configure(name, settings.logging.level, settings.logging.field_chars_max)
        adopt()
        listener = listen(host, port, port_setting or f"{name}.port")
    except (SettingsError, PortUnavailable) as refusal:
        sys.exit(f"{name}: {refusal}")
    gc.collect()
    gc.freeze()  # what stands now stays shared with the workers: collections would touch, and so copy, it
    listener.listen()
    log.info("serving.started", host=host, port=listener.getsockname()[1], workers=workers)
    Server(app_factory, listener.fileno(), workers, name, settings.serving, error_answer or plain_answer).run()
    raise SystemExit(0)


def plain_answer(status: int) -> tuple[Headers, bytes]:
    """An empty text: what is wrong with a broken request stands in the log, not in the answer."""
    return [(b"content-type", b"text/plain; charset=utf-8")], b""


class Server(BaseApplication):
    """One service as gunicorn sees it."""

    def __init__(
        self, app_factory: AppFactory, fd: int, workers: int, name: str, limits: Any, error_answer: ErrorAnswer
    ) -> None:
        self.app_factory, self.name = app_factory, name
        self.limits, self.error_answer = limits, error_answer
        self.options = options(fd, workers, name, limits)
        super().__init__()

    def load_config(self) -> None:
        """Only our options count; no environment, no file."""
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """The ASGI app, made in the worker. Everything made at start is kept out of later garbage collections."""
        try:
            app = made(self.app_factory)
        except Exception as failure:
            log.error("serving.start_failed", exc_info=True)
            sys.stderr.write(f"{self.name} did not start: {failure}\n")
            sys.stderr.flush()
            raise SystemExit(Arbiter.APP_LOAD_ERROR) from failure
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        return app

    def run(self) -> None:
        """Until told to stop."""
        Master(self).run()


class Master(Arbiter):
    """Keeps the workers alive; Ctrl-C drains like TERM."""

    handle_int = Arbiter.handle_term

    def reap_workers(self) -> None:
        """While stopping, says so again: a worker that was still starting did not hear it the first time."""
        super().reap_workers()
        if not self.LISTENERS:
            self.kill_workers(signal.SIGTERM)


class JsonLogger(Logger):
    """gunicorn's own messages as our lines, warnings and worse; requests are logged by whoever serves them."""

    def setup(self, cfg: Any) -> None:
        """Replaces every handler of gunicorn's loggers."""
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.handlers = [JsonLines()]
        self.error_log.setLevel(logging.WARNING)
        self.access_log.handlers = []


def made(app_factory: AppFactory) -> Any:
    """Calls the factory, imported by name where it is a name."""
    if isinstance(app_factory, str):
        module, _, function = app_factory.partition(":")
        app_factory = getattr(importlib.import_module(module), function)
    return app_factory()


def options(fd: int, workers: int, name: str, limits: Any) -> dict[str, Any]:
    """gunicorn's settings of one service."""
    return {
        "bind": [f"fd://{fd}"],
        "workers": workers,
        "proc_name": name,
        "umask": OWNER_ONLY,
        "worker_class": Worker,
        "logger_class": JsonLogger,
        "asgi_loop": "uvloop",
        "control_socket_disable": True,
        "timeout": WORKER_SILENCE_S_MAX,
        "graceful_timeout": limits.graceful_timeout_s,
        "worker_tmp_dir": "/dev/shm",  # noqa: S108 - heartbeats must not wait for a disk
    }
