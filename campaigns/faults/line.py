"""`python -m campaigns.faults.line PORT BANK SEED SWITCH`: the line to the bank, which loses and doubles messages.

While the file SWITCH exists, of a hundred exchanges so many go wrong:

    answer lost       the bank has done it, the caller's connection is closed without a word
    request doubled   the bank is asked twice, the caller gets the second answer
    answer doubled    the caller gets the answer twice, one behind the other on the same connection

What was done is counted in SWITCH.count, a line of four numbers: exchanges, then the three kinds.
"""

import asyncio
import contextlib
import random
import sys
from pathlib import Path
from typing import NamedTuple

LOST, TWICE_ASKED, TWICE_ANSWERED = "answer lost", "request doubled", "answer doubled"
SHARES = {LOST: 2, TWICE_ASKED: 2, TWICE_ANSWERED: 2}
HEAD_BYTES_MAX = 65_536
PIECE = 65_536


class Message(NamedTuple):
    """A request or an answer, as bytes. `is_last`: its connection ends behind it."""

    data: bytes
    is_last: bool


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """One message with its body; None when the connection ends before it, or in it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    fields = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:] if b":" in line)
    is_last = fields.get(b"connection", b"").strip() == b"close"
    if b"content-length" not in fields and head[:5] == b"HTTP/":
        rest = bytearray()
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                rest += piece
        return Message(head + bytes(rest), is_last=True)
    try:
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    except (asyncio.IncompleteReadError, OSError) as failure:
        half = getattr(failure, "partial", b"")
        return Message(head + half, is_last=True) if head[:5] == b"HTTP/" else None
    return Message(head + body, is_last)


class Line:
    """`bank`: its port. `switch`: a file; trouble is made while it exists."""

    def __init__(self, bank: int, seed: str, switch: Path) -> None:
        self._bank, self._switch = bank, switch
        self._dice = random.Random(f"line {seed}")  # noqa: S311 - repeatable on purpose
        self._done = dict.fromkeys((LOST, TWICE_ASKED, TWICE_ANSWERED), 0)
        self._exchanges = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a caller; the bank gets one for each exchange, so that nothing of it is left lying."""
        with contextlib.suppress(OSError):
            while (request := await read_message(reader)) is not None:
                if not await self._exchange(request, writer) or request.is_last:
                    break
        with contextlib.suppress(OSError):
            writer.close()

    async def _exchange(self, request: Message, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may go on."""
        trouble = self._trouble()
        answer = await self._ask(request)
        if trouble == TWICE_ASKED and answer is not None:
            answer = await self._ask(request) or answer
        if answer is None or trouble == LOST:
            return False
        writer.write(answer.data * (2 if trouble == TWICE_ANSWERED else 1))
        await writer.drain()
        return not answer.is_last

    async def _ask(self, request: Message) -> Message | None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._bank, limit=HEAD_BYTES_MAX)
            writer.write(request.data)
            answer = await read_message(reader)
            writer.close()
        except OSError:
            return None
        return answer

    def _trouble(self) -> str | None:
        self._exchanges += 1
        drawn, found = self._dice.uniform(0, 100), None
        if self._switch.exists():
            for kind, share in SHARES.items():
                if 0 <= drawn < share:
                    found = kind
                drawn -= share
        if found:
            self._done[found] += 1
            text = " ".join(map(str, (self._exchanges, *self._done.values())))
            Path(f"{self._switch}.count").write_text(text + "\n")
        return found


async def serve(port: int, line: Line) -> None:
    """Until the process is ended."""
    server = await asyncio.start_server(line.take, "127.0.0.1", port, limit=HEAD_BYTES_MAX)
    async with server:
        await server.serve_forever()


def counted(switch: Path) -> dict[str, int]:
    """What a line with that switch has done so far."""
    with contextlib.suppress(OSError, ValueError):
        _, *counts = map(int, Path(f"{switch}.count").read_text().split())
        return dict(zip((LOST, TWICE_ASKED, TWICE_ANSWERED), counts, strict=True))
    return {}


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Line(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))))
