"""The merchant's own server in the demo: its webhook receiver, and a signature check with no code of ours."""

import base64
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key


def is_genuine(body: bytes, content_signature: str, public_key: str) -> bool:
    """RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body; `public_key` as the API gave it."""
    digest = content_signature.partition("digest=")[2]
    key = load_der_public_key(base64.b64decode(public_key))
    try:
        key.verify(base64.urlsafe_b64decode(digest), body, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def is_standard(body: bytes, headers: dict[str, str], secret: str) -> bool:
    """By Standard Webhooks 1.0: HMAC-SHA256 over `<id>.<timestamp>.<body>`, one of several signatures."""
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split(" ")


class Notice(NamedTuple):
    """One webhook as it arrived."""

    body: bytes
    headers: dict[str, str]
    """Names in lower case."""

    @property
    def signature(self) -> str:
        """Content-Signature, of webhooks that carry it."""
        return self.headers["content-signature"]

    @property
    def event(self) -> dict:
        """The decoded body."""
        return json.loads(self.body)


class Receiver:
    """Listens on a free loopback port while the story runs; `notices` grows as webhooks arrive."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where the merchant asks to be told."""
        return f"http://127.0.0.1:{self._server.server_port}/payments"

    @property
    def thanks_url(self) -> str:
        """The merchant's page where the payer ends."""
        return f"http://127.0.0.1:{self._server.server_port}/thanks"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        notices = self.notices

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                notices.append(Notice(body, {name.lower(): value for name, value in self.headers.items()}))
                self._answer(b"")

            def do_GET(self) -> None:
                self._answer(b"Thank you!\n")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent: the story tells what arrived."""

        return Handler
