"""Answers are written together at the end of a turn of the event loop; none is lost, doubled or overtaken for it."""

import asyncio
import socket
import time

from serving.outbox import Outbox
from tests.serving.test_exchanges import request


class Wire:
    """A transport that notes what it is given; a broken one raises."""

    def __init__(self, is_broken: bool = False) -> None:
        self.written: list[bytes] = []
        self.is_broken = is_broken

    def write(self, data: bytes) -> None:
        if self.is_broken:
            raise OSError("gone")
        self.written.append(data)


def test_answers_wait_for_the_end_of_the_turn_and_keep_their_order():
    async def run() -> None:
        outbox, one, other = Outbox(asyncio.get_running_loop()), Wire(), Wire()
        outbox.put(one, b"1")
        outbox.put(other, b"2")
        outbox.put(one, b"3")
        assert (one.written, other.written) == ([], [])
        await asyncio.sleep(0)
        assert (one.written, other.written) == ([b"1", b"3"], [b"2"])
        outbox.put(one, b"4")
        await asyncio.sleep(0)
        assert one.written == [b"1", b"3", b"4"]

    asyncio.run(run())


def test_what_was_flushed_by_hand_is_not_written_again():
    async def run() -> None:
        outbox, wire = Outbox(asyncio.get_running_loop()), Wire()
        outbox.put(wire, b"1")
        outbox.flush()
        outbox.put(wire, b"2")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert wire.written == [b"1", b"2"]

    asyncio.run(run())


def test_a_connection_that_fails_keeps_no_answer_from_the_others():
    async def run() -> None:
        outbox, healthy = Outbox(asyncio.get_running_loop()), Wire()
        outbox.put(Wire(is_broken=True), b"1")
        outbox.put(healthy, b"2")
        await asyncio.sleep(0)
        assert healthy.written == [b"2"]

    asyncio.run(run())


def test_a_caller_that_reads_no_answers_is_soon_not_read_from(served):
    """Its answers would pile up in the server's memory; the kernel's own buffers, on both ways, end somewhere."""
    whole = request(b"/direct", b"Content-Length: 60000", method=b"POST", body=b"x" * 60_000)
    more_than_buffers = 400_000_000
    with socket.socket() as caller:
        for side in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            caller.setsockopt(socket.SOL_SOCKET, side, 65536)
        caller.connect(("127.0.0.1", served.port))
        caller.setblocking(False)
        sent, silent_since = 0, time.monotonic()
        while time.monotonic() - silent_since < 2 and sent < more_than_buffers:
            try:
                sent += caller.send(whole[sent % len(whole) :])
                silent_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.002)
        assert sent < more_than_buffers
