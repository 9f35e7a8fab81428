"""However requests with one key are repeated, overtaken, cut off or broken: money moves once, and the caller finds out.

Each request runs as a task that stops before every inner call; the test decides who goes on, and what becomes of the
call: done and answered, refused for being unavailable, lost before or behind its effect, crashed. Time passes beyond
deadlines and leases.
"""

import asyncio
import json
from typing import Any

import pytest
from gateway_kit import JSON, START, exchange, scope_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from modern_kit import ModernBound, modern_house

from rpc.failures import Unavailable, Unexpected, Unknown
from tests.fakes.idempotency_keys import FakeIdempotencyKeys

FATES = ("done", "done", "done", "unavailable", "lost before", "lost behind", "crashed behind")
GOES_ON = st.tuples(st.just("go on"), st.integers(0, 3), st.sampled_from(FATES))
SEND, DONE, LOST_BEHIND = ("send", 0, ""), ("go on", 0, "done"), ("go on", 0, "lost behind")
STEPS = st.one_of(
    st.just(SEND),
    GOES_ON,
    GOES_ON,
    GOES_ON,
    st.tuples(st.just("cut off"), st.integers(0, 3), st.just("")),
    st.tuples(st.just("time passes"), st.sampled_from([1, 20, 60]), st.just("")),
)


class Gated:
    """A service whose every call waits for its fate; past the caller's deadline it is unavailable, as rpc makes it."""

    def __init__(self, service: Any, stage: "Stage", deadline: Any) -> None:
        self.service, self.stage, self.deadline = service, stage, deadline

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            fate = await self.stage.fate()
            if fate == "unavailable" or self.deadline.reached(self.stage.house.clock()):
                raise Unavailable("deadline reached")
            if fate == "lost before":
                raise Unknown("lost")
            result = await getattr(self.service, name)(*arguments, **named)
            if fate == "lost behind":
                raise Unknown("lost")
            if fate == "crashed behind":
                raise Unexpected("crashed")
            return result

        return call


class Stage:
    """The tasks under way and the gates they wait at."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.waiting: dict[asyncio.Task, asyncio.Future] = {}
        self.tasks: list[asyncio.Task] = []
        self.open = False
        platform = house.platform

        def bind(context: Any) -> Any:
            bound = ModernBound(platform, context)
            for name in ("idempotency_keys", "things"):
                setattr(bound, name, Gated(getattr(bound, name), self, context.deadline))
            return bound

        platform.bind = bind

    async def fate(self) -> str:
        if self.open:
            return "done"
        gate = asyncio.get_running_loop().create_future()
        self.waiting[asyncio.current_task()] = gate
        return await gate

    def send(self) -> None:
        headers = [
            ("authorization", f"Bearer {self.house.token}"),
            ("idempotency-key", "key-1"),
            ("content-type", JSON),
            ("content-length", "2"),
            ("request-deadline", "10s"),
        ]
        scope = scope_of("POST", b"/v9/things/1/payments", headers)
        self.tasks.append(asyncio.ensure_future(exchange(self.house.gateway, scope, [b"{}"])))

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    async def play(self, steps: list[tuple[str, int, str]]) -> None:
        for what, number, fate in steps:
            if what == "send":
                self.send()
            elif what == "time passes":
                self.house.clock.advance(seconds=number)
            elif self.waiting:
                task = list(self.waiting)[number % len(self.waiting)]
                gate = self.waiting.pop(task)
                if what == "cut off":
                    task.cancel()
                else:
                    gate.set_result(fate)
            await self.settle()
        self.open = True
        while self.waiting:
            self.waiting.popitem()[1].set_result("done")
            await self.settle()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    return modern_house(tmp_path_factory.mktemp("house"), CAPI_GATEWAY_MONEY_REQUESTS_PER_S_MAX=0)


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(STEPS, min_size=6, max_size=40))
# Paid, the answer lost; the next request carries on.
@example(steps=[DONE, DONE, LOST_BEHIND, DONE, SEND])
# Paid, and the request cut off before it could say so.
@example(steps=[DONE, DONE, DONE, ("cut off", 0, ""), ("time passes", 60, ""), SEND])
# Overtaken while it waits, and paid by both.
@example(steps=[DONE, DONE, ("time passes", 20, ""), SEND, ("go on", 1, "done"), ("go on", 1, "done"), DONE, DONE])
# The key was taken, and nobody learned it.
@example(steps=[LOST_BEHIND, SEND, DONE, ("time passes", 60, ""), SEND])
def test_money_moves_once_whatever_happens_between(house, steps):
    house.clock.now = START
    house.platform.paid, house.platform.bindings, house.platform.sequences = {}, {}, {}
    house.platform.keys = FakeIdempotencyKeys(house.clock)
    asyncio.run(story(house, steps))


async def story(house: Any, steps: list[tuple[str, int, str]]) -> None:
    stage = Stage(house)
    await stage.play([("send", 0, ""), *steps])
    answers = [task.result() for task in stage.tasks if task.done() and not task.cancelled()]
    paid = dict(house.platform.paid)
    assert len(paid) <= 1, paid
    for answer in answers:
        assert answer.status in (201, 202, 409, 500, 503, 504), answer
        if answer.status == 201:
            assert list(paid) == [answer.json["id"]]
        if answer.status >= 500 and answer.headers["money-moved"] == "no" and len(stage.tasks) == 1:
            assert not paid
    if paid and not any(answer.status == 201 for answer in answers):
        row = next(iter(house.platform.keys.rows.values()))
        assert row.answer is None, "an answer was kept that nobody got"
    # Whoever repeats when every lease is over gets the one result.
    house.clock.advance(seconds=120)
    stage.send()
    await stage.settle()
    last = await stage.tasks[-1]
    assert last.status == 201
    assert list(house.platform.paid) == [json.loads(last.body)["id"]]
    assert not paid or paid == house.platform.paid
