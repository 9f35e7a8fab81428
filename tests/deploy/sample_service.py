"""A service of one file for tests of the supervisor: `sample_service.py PORT [ready-after-seconds] [words]`."""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT, READY_AFTER_S, WORDS = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
BEGUN = time.monotonic()


class Probe(BaseHTTPRequestHandler):
    """Answers /ready."""

    def do_GET(self):
        ready = time.monotonic() - BEGUN >= READY_AFTER_S
        self.send_response(200 if ready else 503)
        self.send_header("capi-not-ready", "" if ready else "warming-up")
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


def stop(*_):
    """Says so and leaves."""
    print(f"stopped {PORT} at {time.monotonic()}", flush=True)
    os._exit(0)


signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in WORDS else stop)
signal.signal(signal.SIGINT, signal.SIG_DFL)
if "broken" in WORDS:
    sys.exit("the database is gone")
if "mortal" in WORDS:
    threading.Timer(0.7, lambda: os._exit(7)).start()
print("begun", flush=True)
HTTPServer(("127.0.0.1", PORT), Probe).serve_forever()
