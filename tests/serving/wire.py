"""A real server process, and what one sends to it and reads from it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

APP = Path(__file__).with_name("served_app.py")
ROOT = APP.parent.parent.parent


class Served:
    """A server process; `port` is the one it chose."""

    def __init__(self, *arguments, **environment):
        self.process = subprocess.Popen(
            [sys.executable, str(APP), "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            start_new_session=True,
        )
        self.port = json.loads(self.process.stdout.readline())["port"]

    def ask(self, *parts, wait_s=5.0, pause_s=0.03):
        """Sends bytes, part by part, and reads until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as connection:
            for part in parts:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(part)
                time.sleep(pause_s if len(parts) > 1 else 0)
            return read(connection, wait_s)

    def stop(self, number=signal.SIGTERM):
        """Stops it; the seconds that took, and what it wrote."""
        begin = time.monotonic()
        self.process.send_signal(number)
        output = self.process.communicate(timeout=15)[0]
        return time.monotonic() - begin, output.decode()


def read(connection, wait_s=5.0):
    """Everything until the end of the connection, or until nothing comes for a while once something came."""
    answer = b""
    connection.settimeout(wait_s)
    with contextlib.suppress(TimeoutError):
        while part := connection.recv(65536):
            answer += part
            connection.settimeout(0.12)
        return answer + b"<end>"
    return answer
