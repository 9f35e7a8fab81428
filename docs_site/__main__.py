"""`python -m docs_site`: serves the documentation under gunicorn until TERM or Ctrl-C.

Pages are small and the same for everybody: one process with a few threads, gunicorn's own HTTP worker. Nothing here
takes anything from a reader but a path.
"""

import os
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from docs_site.app import create_app
from docs_site.site import load_site
from serving.ports import PortUnavailable, listen
from serving.server import JsonLogger
from settings import Settings, SettingsError, load
from telemetry import log
from telemetry.foreign_logs import adopt

NAME = "docs_site"
THREADS = 4


class Server(BaseApplication):
    """The site as gunicorn sees it."""

    def __init__(self, settings: Settings, fd: int) -> None:
        self.settings, self.fd = settings, fd
        super().__init__()

    def load_config(self) -> None:
        """Only these options count; no environment, no file."""
        options: dict[str, Any] = {
            "bind": [f"fd://{self.fd}"],
            "proc_name": NAME,
            "worker_class": "gthread",
            "threads": THREADS,
            "logger_class": JsonLogger,
            "control_socket_disable": True,
            "graceful_timeout": self.settings.serving.graceful_timeout_s,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - heartbeats must not wait for a disk
        }
        for key, value in options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        """The Flask application, made in the worker."""
        return create_app(load_site(self.settings), self.settings.docs.security_contact)


def main() -> None:
    """Serves; what stops the start is one sentence on standard error."""
    os.umask(0o077)
    try:
        settings = load()
        log.configure(NAME, settings.logging.level, settings.logging.field_chars_max)
        adopt()
        listener = listen(settings.docs.host, settings.docs.port, "docs.port")
    except (SettingsError, PortUnavailable) as refusal:
        sys.exit(f"{NAME}: {refusal}")
    listener.listen()
    log.info("serving.started", host=settings.docs.host, port=settings.docs.port, workers=1)
    Server(settings, listener.fileno()).run()


if __name__ == "__main__":
    main()
