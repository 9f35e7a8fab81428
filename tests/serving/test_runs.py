"""Requests have no tasks, and keep what tasks would give them: their turns, their context, their own mishaps."""

import asyncio
import types
from contextvars import ContextVar

import pytest
import uvloop

from serving.runs import Runs

PARTY = ContextVar("party", default=None)


@types.coroutine
def others_first():
    yield


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request):
    """Makes works of one turn, given a list to write into and the loop, and gives the list when all has run."""

    def to_the_end(*works):
        async def main():
            told, loop = [], asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))
            runs = Runs(loop)
            for work in works:
                runs.begin(work(told, loop))
            await asyncio.sleep(0.03)
            return told

        return request.param(main())

    return to_the_end


def in_three_steps(name):
    async def work(told, loop):
        for step in range(3):
            told.append(f"{name}{step}")
            await others_first()

    return work


def test_those_of_one_turn_go_step_by_step(run):
    assert run(in_three_steps("a"), in_three_steps("b")) == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_what_is_waited_for_is_given_or_raised(run):
    async def work(told, loop):
        future = loop.create_future()
        loop.call_soon(future.set_result, "given")
        told.append(await future)
        future = loop.create_future()
        loop.call_later(0.001, future.set_exception, ValueError("raised"))
        try:
            await future
        except ValueError as problem:
            told.append(str(problem))

    assert run(work) == ["given", "raised"]


def test_each_has_its_own_context_and_keeps_it(run):
    def named(name):
        async def work(told, loop):
            PARTY.set(name)
            await others_first()
            await asyncio.sleep(0.001)
            told.append(PARTY.get())

        return work

    async def bare(told, loop):
        await others_first()
        told.append(PARTY.get())

    assert run(named("one"), named("other"), bare) == [None, "one", "other"]


def test_one_that_fails_is_told_of_and_stops_nobody(run):
    async def failing(told, loop):
        raise ValueError("lost")

    assert run(failing, in_three_steps("a")) == ["ValueError('lost')", "a0", "a1", "a2"]


def test_one_that_waits_for_what_nobody_knows_stops_nobody(run):
    @types.coroutine
    def strange():
        yield "not a future"

    async def work(told, loop):
        await strange()

    assert run(work, in_three_steps("a"))[1:] == ["a0", "a1", "a2"]


def test_one_whose_wait_is_given_up_ends_quietly(run):
    async def work(told, loop):
        future = loop.create_future()
        loop.call_soon(future.cancel)
        try:
            await future
        finally:
            told.append("ended")

    assert set(run(work, in_three_steps("a"))) == {"a0", "a1", "a2", "ended"}


def test_a_task_can_be_had_where_one_is_needed(run):
    async def in_time():
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        return "in time"

    async def work(told, loop):
        told.append(await loop.create_task(in_time()))

    assert run(work) == ["in time"]
