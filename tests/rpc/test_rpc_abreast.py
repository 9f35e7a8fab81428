"""Whoever comes together goes through its work stage by stage; whoever comes alone waits for nobody."""

import asyncio

import pytest

from rpc.abreast import TOGETHER_MIN, Abreast


def stages_of(walkers: int) -> list[str]:
    """What is done, in its order, by so many who come together and have two stages before them."""
    done: list[str] = []

    async def walk(abreast: Abreast, name: int) -> None:
        abreast.under_way += 1
        try:
            await asyncio.sleep(0)
            done.append(f"first {name}")
            await abreast.stage()
            done.append(f"second {name}")
        finally:
            abreast.under_way -= 1

    async def run() -> None:
        abreast = Abreast()
        await asyncio.gather(*(walk(abreast, name) for name in range(walkers)))
        assert abreast.under_way == 0

    asyncio.run(run())
    return done


@pytest.mark.parametrize("walkers", [1, TOGETHER_MIN - 1])
def test_a_few_go_each_all_their_way(walkers):
    assert stages_of(walkers) == [f"{stage} {name}" for name in range(walkers) for stage in ("first", "second")]


def test_many_finish_a_stage_before_the_last_of_them_begins_the_next():
    done = stages_of(20)
    assert done == [f"{stage} {name}" for stage in ("first", "second") for name in range(20)]
