"""A gateway whose version, or one of whose operations, is deprecated says so in each of its answers."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from gateway_kit import Bound, House, Platform, exchange, scope_of

from settings.versions import Farewell, Version
from translator.schemas import SpecRefused

DAY = date(2026, 11, 22)
DEPRECATION, SUNSET = "@1795305600", "Wed, 31 Dec 2031 00:00:00 GMT"
LIVE = Version("v9", "/v9", Path("spec.json"), 1, 2, "live", DAY)
GOING = replace(LIVE, status="deprecated", deprecated=DAY, sunset=date(2031, 12, 31), successor="/v10")
TELLING = {"deprecation": DEPRECATION, "sunset": SUNSET, "link": '</v10>; rel="successor-version"'}


def told(answer) -> dict[str, str]:
    return {name: answer.headers[name] for name in ("deprecation", "sunset", "link") if name in answer.headers}


def shops(house: House):
    return house.send("GET", "/v9/shops?limit=1")


@pytest.fixture
def going(tmp_path) -> House:
    return House(tmp_path, version=GOING)


def test_every_answer_of_a_deprecated_version_tells_of_it(going: House):
    going.platform.answers["get_shops"] = []
    answers = {
        "a good one": shops(going),
        "a token that does not hold": going.send("GET", "/v9/shops", headers={"authorization": "Bearer x"}),
        "no token": going.send("GET", "/v9/shops", headers={"authorization": None}),
        "a wrong method": going.send("PATCH", "/v9/shops"),
        "no such path": going.send("GET", "/v9/nothing"),
        "questions of a browser": going.send("OPTIONS", "/v9/shops"),
    }
    assert {name: told(answer) for name, answer in answers.items()} == dict.fromkeys(answers, TELLING)


def test_a_cat_of_a_deprecated_version_tells_of_it_too(going: House):
    going.platform.answers["get_shops"] = RuntimeError("a fault of ours")
    answer = shops(going)
    assert answer.status == 500
    assert told(answer) == TELLING


def test_a_live_version_says_nothing_of_the_kind(tmp_path):
    house = House(tmp_path, version=LIVE)
    assert told(shops(house)) == told(house.send("GET", "/v9/nothing")) == {}


def test_one_deprecated_operation_leaves_the_others_alone(tmp_path):
    own = {"getShops": Farewell(DAY, successor="/v9/everything")}
    house = House(tmp_path, version=replace(LIVE, operations=own))
    assert told(shops(house)) == {"deprecation": DEPRECATION, "link": '</v9/everything>; rel="successor-version"'}
    assert told(house.send("GET", "/v9/shops/1")) == {}


def test_the_list_of_versions_cannot_deprecate_what_is_not_there(tmp_path):
    with pytest.raises(SpecRefused, match=r"deprecates getNothing, which is no operation of v9"):
        House(tmp_path, version=replace(LIVE, operations={"getNothing": Farewell(DAY)}))


class Counted(Platform):
    """The platform, and what gateways reported to it."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[tuple[str, str, str, int]] = []
        self.answers["get_shops"] = []

    def bind(self, context) -> Bound:
        bound = Bound(self, context)
        bound.usage = self
        return bound

    async def Report(self, rows: list) -> None:
        self.reported += [(row.version, row.operation, row.party_id, row.count) for row in rows]


async def lived(app, *requests: Awaitable) -> None:
    """An application from its startup to its shutdown, with requests between."""
    told: asyncio.Queue = asyncio.Queue()
    started = asyncio.Event()

    async def send(message: dict) -> None:
        started.set()

    told.put_nowait({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {}}, told.get, send))
    await started.wait()
    for request in requests:
        await request
    told.put_nowait({"type": "lifespan.shutdown"})
    await life


def test_what_was_called_is_reported_at_the_latest_when_the_gateway_drains(tmp_path):
    """A call counts once its token is known to hold, whatever it is answered."""
    house = House(tmp_path, version=LIVE, platform=Counted())
    good, bad = [("authorization", f"Bearer {house.token}")], [("authorization", "Bearer x")]

    def call(target: bytes, token: list) -> Awaitable:
        return exchange(house.gateway, scope_of("GET", target, [*token, ("x-request-id", "r1")]), [b""])

    shops, shop = b"/v9/shops?limit=1", b"/v9/shops/1"
    asyncio.run(lived(house.gateway, call(shops, good), call(shops, good), call(shop, good), call(shop, bad)))
    assert house.platform.reported == [("v9", "getShops", "party-1", 2), ("v9", "getShopByID", "party-1", 1)]
    assert house.platform.closed


def test_a_gateway_that_is_told_no_version_reports_nothing(tmp_path):
    house = House(tmp_path, platform=Counted())
    token = [("authorization", f"Bearer {house.token}"), ("x-request-id", "r1")]
    asyncio.run(lived(house.gateway, exchange(house.gateway, scope_of("GET", b"/v9/shops?limit=1", token), [b""])))
    assert house.platform.reported == []
