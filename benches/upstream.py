"""The platform behind every server: a fixed answer to each request, in Thrift for ours and in JSON for the others.

    python -m benches.upstream PORT

Answers are made once and chosen by method and path, of Thrift messages by the function's name; so little is done that
it is nobody's bottleneck.
"""

import asyncio
import json
import re
import sys
from typing import Any

import uvloop

from benches.workload import CREATE, INVOICE, INVOICE_ID, READ, TOKEN_OF_INVOICE, thrift_invoice
from rpc.messages import encode_result
from rpc.protocol import access_keys, payment_processing

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
THRIFT_NAME_AT = 8
MADE = json.dumps(
    {"invoice": INVOICE, "invoiceAccessToken": {"payload": TOKEN_OF_INVOICE}}, separators=(",", ":")
).encode()
FOUND = json.dumps(INVOICE, separators=(",", ":")).encode()


def answer(body: bytes, status: str = "200 OK", media_type: str = "application/json; charset=utf-8") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def thrift_answers() -> dict[bytes, bytes]:
    """Function name -> answer; the client counts every message as number 0."""
    invoicing, keys = payment_processing.Invoicing.functions, access_keys.AccessKeys.functions
    results = (
        (invoicing["Create"], thrift_invoice()),
        (invoicing["Get"], thrift_invoice()),
        (keys["GetRevocations"], []),
    )
    return {
        function.name.encode(): answer(encode_result(function, 0, value), media_type="application/x-thrift")
        for function, value in results
    }


THRIFT = thrift_answers()
PLAIN = {
    (CREATE.method.encode(), CREATE.path.encode()): answer(MADE, "201 Created"),
    (READ.method.encode(), READ.path.encode()): answer(FOUND),
    (b"POST", b"/invoices"): answer(MADE),
    (b"GET", f"/invoices/{INVOICE_ID}".encode()): answer(FOUND),
}
UNKNOWN = answer(b"", "404 Not Found")


class Upstream(asyncio.Protocol):
    """One connection; requests may arrive in pieces, never ahead of their turn."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, gap, body = self.received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not gap or len(body) < (int(length[1]) if length else 0):
            return
        self.received = b""
        method, path, _ = head.split(b" ", 2)
        self.transport.write(PLAIN.get((method, path)) or thrift_answer(body))


def thrift_answer(message: bytes) -> bytes:
    """The answer to a Thrift message, by its function's name."""
    length = int.from_bytes(message[4:8], "big")
    return THRIFT.get(message[THRIFT_NAME_AT : THRIFT_NAME_AT + length], UNKNOWN)


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
