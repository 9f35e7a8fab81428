"""Answers that go wrong on purpose: HTTP 500, a dropped or cut connection, garbage, lies.

ASGI has no word for "hang up". A connection is dropped for real, on the socket: the one whose other end is the caller's
address is shut down before anything is written, so the caller sees it closed without an answer, whatever server this
runs under. A cut answer announces its length and ends in the middle; the server closes behind it.
"""

import contextlib
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.responses import Response

from processing.banks.mock import cards

Receipt = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class HangUp(Response):
    """Closes the connection without a single byte of answer."""

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["client"] is not None:
            shut_down(scope["client"])


class CutShort(Response):
    """Announces the whole body, sends half of it and closes the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


def shut_down(peer: tuple[str, int]) -> None:
    """Ends this process's connection with `peer`, both ways and at once."""
    for descriptor in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                with socket.socket(fileno=os.dup(descriptor)) as connection:
                    if connection.getpeername()[:2] == tuple(peer):
                        connection.shutdown(socket.SHUT_RDWR)


def json_answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def broken(_: Receipt | None = None) -> Response:
    return Response("<h1>500 Internal Server Error</h1>", 500, media_type="text/html")


def garbage(_: Receipt) -> Response:
    return Response("%PDF-1.4 \x00\x01 not what you asked for", 200, media_type="application/json")


def other_amount(receipt: Receipt) -> Response:
    """One digit is off: the first one of the amount."""
    return json_answer({**receipt, "amount": ("2" if receipt["amount"][0] == "1" else "1") + receipt["amount"][1:]})


def other_currency(receipt: Receipt) -> Response:
    return json_answer({**receipt, "currency": "840" if receipt["currency"] != "840" else "978"})


def other_shape(receipt: Receipt) -> Response:
    return json_answer({"status": "ok", "data": [receipt["txn"]]})


ANSWERS: dict[str, Callable[[Receipt], Response]] = {
    cards.ACCEPT_500: broken,
    cards.ACCEPT_DROP: lambda _: HangUp(),
    cards.ACCEPT_CUT: lambda receipt: CutShort(orjson.dumps(receipt), media_type="application/json"),
    cards.GARBAGE: garbage,
    cards.OTHER_AMOUNT: other_amount,
    cards.OTHER_CURRENCY: other_currency,
    cards.OTHER_SHAPE: other_shape,
}


def deliver(receipt: Receipt, delivery: str) -> Response:
    """The receipt as an answer, or what the card makes of it."""
    return ANSWERS.get(delivery, json_answer)(receipt)


def untouched(delivery: str) -> Response:
    """The answer of a card whose request left nothing in the books."""
    return HangUp() if delivery == cards.DROP_ONCE else broken()
