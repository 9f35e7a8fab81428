"""Requests of one pass of the loop leave together; until then nothing is sent, and nothing taken for an answer."""

import asyncio

import pytest
import uvloop

from rpc.failures import DEADLINE_REACHED, Unavailable, Unknown
from rpc.together_writes import TogetherWrites
from rpc.transport_async import AsyncTransport
from tests.rpc.http_kit import OK, answering, request_to, scripted

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
OTHERS = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nothers"


@pytest.fixture(params=LOOPS)
def run(request):
    """Runs a coroutine on a loop of each kind."""
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run


class Noting:
    def __init__(self, name, noted, then=None):
        self.name, self.noted, self.then = name, noted, then

    def write_now(self):
        self.noted.append(self.name)
        if self.then:
            self.then()


def test_writes_of_one_pass_are_made_at_its_end_in_their_order(run):
    async def scenario():
        noted = []
        writes = TogetherWrites(asyncio.get_running_loop())
        asyncio.get_running_loop().call_soon(noted.append, "ready before")
        for name in ("one", "two", "three"):
            writes.add(Noting(name, noted))
        assert noted == []
        await asyncio.sleep(0)
        assert noted == ["ready before", "one", "two", "three"]

    run(scenario())


def test_a_write_that_comes_up_while_others_are_made_is_made_too(run):
    async def scenario():
        noted = []
        writes = TogetherWrites(asyncio.get_running_loop())
        writes.add(Noting("first", noted, lambda: writes.add(Noting("second", noted))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert noted == ["first", "second"]

    run(scenario())


class Waiting:
    """A transport whose one kept connection has a request that is not written yet."""

    def __init__(self, server):
        self.server, self.transport = server, AsyncTransport(body_bytes_max=1000)

    async def __aenter__(self):
        assert (await self.transport.send(request_to(self.server.origin))).body == b"hi"
        (self.connection,) = self.transport._idle[self.server.origin]
        self.call = asyncio.ensure_future(self.transport.send(request_to(self.server.origin, body=b"second")))
        await asyncio.sleep(0)
        assert self.connection.unsent
        return self

    async def __aexit__(self, *_):
        await self.transport.close()

    def bodies(self):
        return [request.partition(b"\r\n\r\n")[2] for request in self.server.requests]


def test_a_connection_lost_before_the_request_was_written_is_given_up_for_another(run):
    async def scenario():
        async with Waiting(server) as waiting:
            waiting.connection.transport.abort()
            assert (await waiting.call).body == b"hi"
            assert waiting.bodies() == [b"body", b"second"]

    with scripted(answering(OK)) as server:
        run(scenario())
        assert server.connections == 2


def test_bytes_that_come_before_the_request_was_written_are_not_its_answer(run):
    async def scenario():
        async with Waiting(server) as waiting:
            waiting.connection.data_received(OTHERS)
            assert (await waiting.call).body == b"hi"
            assert waiting.bodies() == [b"body", b"second"]

    with scripted(answering(OK)) as server:
        run(scenario())
        assert server.connections == 2


def test_a_call_cancelled_before_its_request_was_written_sends_nothing(run):
    async def scenario():
        async with Waiting(server) as waiting:
            waiting.call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting.call
            await asyncio.sleep(0.02)
            assert waiting.bodies() == [b"body"]

    with scripted(answering(OK, OK)) as server:
        run(scenario())


def test_time_that_runs_out_before_the_request_was_written_is_unavailable(run):
    async def scenario():
        async with Waiting(server) as waiting:
            waiting.connection.fail(DEADLINE_REACHED, True)
            with pytest.raises(Unavailable) as raised:
                await waiting.call
            assert raised.value.is_impatience
            assert waiting.bodies() == [b"body"]

    with scripted(answering(OK, OK)) as server:
        run(scenario())


def test_a_new_connection_lost_before_the_request_was_written_is_unavailable(run):
    class Unlucky(AsyncTransport):
        async def _connect(self, origin, timeout_s, loop):
            connection = await super()._connect(origin, timeout_s, loop)
            connection.transport.abort()
            return connection

    async def scenario():
        with pytest.raises(Unavailable):
            await Unlucky(body_bytes_max=1000).send(request_to(server.origin))

    with scripted(answering(OK)) as server:
        run(scenario())
        assert server.requests == []


def test_a_connection_that_cannot_be_written_to_does_not_keep_others_from_writing(run):
    class Broken:
        def __init__(self, transport):
            self.abort = transport.abort

        def is_closing(self):
            return False

        def write(self, data):
            raise RuntimeError

    async def scenario():
        async with Waiting(server) as waiting:
            waiting.connection.transport = Broken(waiting.connection.transport)
            other = asyncio.ensure_future(waiting.transport.send(request_to(server.origin, body=b"third")))
            with pytest.raises(Unknown):
                await waiting.call
            assert (await other).body == b"hi"
            assert waiting.bodies() == [b"body", b"third"]

    with scripted(answering(OK)) as server:
        run(scenario())
