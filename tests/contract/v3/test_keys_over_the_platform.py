"""Keys of idempotency with the real platform behind the real gateway, in one process: whatever is lost between the two,
a merchant who repeats has one invoice and one payment, and each answer on the way there was true.
"""

import asyncio
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from capi_v3.app import create_app
from deploy.all_in_one.first_start import prepare
from processing import parties
from processing.bootstrap import build, services
from rpc.client import AsyncClient, options_of
from rpc.failures import Unavailable, Unknown
from rpc.server import rpc_app
from rpc.signature import secret_of
from settings import load
from settings.clock import system_clock
from tests.contract.house import EVERYTHING
from tests.contract.v3.overrides import payment_token
from tests.fakes.backend import InProcessTransport
from translator.payment_tool_tokens import PaymentToolTokens, load_key
from translator.revocations import Revocations

PARTY, SHOP = "demo", "TESTSHOP"
ROUNDS = 25


class LossyTransport:
    """Calls the platform in the same process; `chance` of each call to be refused, lost on its way or lost back."""

    def __init__(self, app: Any, seed: int) -> None:
        self.inner = InProcessTransport(app)
        self.random = random.Random(seed)
        self.chance = 0.0

    async def send(self, request: Any) -> Any:
        fate = self.random.random() if self.chance else 1.0
        if fate < self.chance / 3:
            raise Unavailable("refused")
        if fate < self.chance * 2 / 3:
            raise Unknown("lost on its way", "external")
        answer = await self.inner.send(request)
        if fate < self.chance:
            raise Unknown("lost on its way back", "external")
        return answer

    async def close(self) -> None:
        """Nothing is open."""


class Clock:
    """The hour, moved on when a test says that time passes."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


class Merchant:
    """One token at a gateway over the platform."""

    def __init__(self, directory: Any) -> None:
        self.clock = Clock()
        settings = load({"CAPI_STATE_DIRECTORY": str(directory / "state")})
        prepare(settings)
        platform = build(settings, clock=self.clock)
        with platform.database.transaction() as tx:
            now = datetime.now(UTC)
            parties.create(tx, PARTY, None, now)
            shop = parties.NewShop(SHOP, "RUB", 1, "https://shop.example.com", "Test shop", None, "default")
            parties.create_shop(tx, PARTY, shop, now)
        app = rpc_app(services(platform), secret=secret_of(settings.rpc), threads=4, clock=self.clock)
        self.transport = LossyTransport(app, seed=7)
        options = {**options_of(settings), "breaker_failures_max": 0, "board": None}
        rpc = AsyncClient(**options, caller="test", clock=self.clock, transport=self.transport)
        self.gateway = create_app(settings, rpc=rpc, clock=self.clock, revocations=Revocations.of())
        self.token = self.gateway.tokens.issue(PARTY, EVERYTHING, lifetime_s=None)[0]
        key = load_key(settings.tokens.payment_tool_token_key_file)
        self.payment_tool_tokens = PaymentToolTokens(key, timedelta(hours=1))

    async def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, more: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **(more or {})} | ({"Idempotency-Key": key} if key else {})
        transport = httpx.ASGITransport(self.gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.request(method, f"/v3{path}", json=body, headers=headers)

    async def repeated(
        self, path: str, body: Any, key: str | None = None
    ) -> tuple[list[httpx.Response], httpx.Response]:
        """What each try was told, and the answer that ended them. Waits as it is told to, by the clock."""
        key, told = key or uuid.uuid4().hex, []
        for _ in range(100):
            answer = await self.ask("POST", path, body, key)
            if answer.status_code == 201:
                return told, answer
            told.append(answer)
            self.clock.ahead += timedelta(seconds=int(answer.headers["Retry-After"]))
        raise AssertionError([answer.status_code for answer in told])


@pytest.fixture(scope="module")
def merchant(tmp_path_factory) -> Merchant:
    return Merchant(tmp_path_factory.mktemp("platform"))


@pytest.fixture(autouse=True)
def nothing_is_lost(merchant):
    merchant.transport.chance = 0.0


def invoice_body(name: str) -> dict[str, Any]:
    return {"shopId": f"shp_{SHOP}", "product": name, "amount": {"amount": 1000, "currency": "RUB"}}


def payment_body(merchant: Merchant) -> dict[str, Any]:
    source = {"type": "token", "token": payment_token(merchant.payment_tool_tokens, merchant.clock())}
    return {"source": source, "payer": {"email": "payer@example.com"}}


def test_repeats_over_a_lossy_network_make_one_payment(merchant):
    async def story() -> None:
        statuses = set()
        for number in range(ROUNDS):
            merchant.transport.chance = 0.0
            _, invoice = await merchant.repeated("/invoices", invoice_body(f"Order {number}"))
            path = f"/invoices/{invoice.json()['id']}/payments"
            merchant.transport.chance = 0.4
            told, made = await merchant.repeated(path, payment_body(merchant))
            merchant.transport.chance = 0.0
            paid = (await merchant.ask("GET", path)).json()["data"]
            assert [payment["id"] for payment in paid] == [made.json()["id"]]
            statuses |= {answer.status_code for answer in told}
            assert {answer.status_code for answer in told} <= {202, 409, 500, 503, 504}
            assert_true(told)
        assert {202, 503} <= statuses

    asyncio.run(story())


def assert_true(told: list[httpx.Response]) -> None:
    """`moneyMoved: no` is said only as long as nothing else was: later it would take back a doubt."""
    moved = [answer.headers.get("Money-Moved") or answer.json()["moneyMoved"] for answer in told]
    doubtful = [place for place, said in enumerate(moved) if said == "unknown"]
    if doubtful:
        later = [answer for answer in told[doubtful[0] :] if answer.status_code not in (409, 503)]
        assert all(answer.status_code in (202, 500) for answer in later)


def test_repeats_over_a_lossy_network_make_one_invoice(merchant):
    async def story() -> None:
        for number in range(ROUNDS):
            name = f"Lossy {number}"
            merchant.transport.chance = 0.4
            _, made = await merchant.repeated("/invoices", invoice_body(name))
            merchant.transport.chance = 0.0
            listed = (await merchant.ask("GET", "/invoices?limit=200")).json()["data"]
            assert [each["id"] for each in listed if each["product"] == name] == [made.json()["id"]]

    asyncio.run(story())


def test_of_many_requests_at_once_one_makes_it(merchant):
    async def story() -> None:
        _, invoice = await merchant.repeated("/invoices", invoice_body("Together"))
        path, body, key = f"/invoices/{invoice.json()['id']}/payments", payment_body(merchant), uuid.uuid4().hex
        answers = await asyncio.gather(*(merchant.ask("POST", path, body, key) for _ in range(10)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert len(made) == 1
        assert [each["id"] for each in (await merchant.ask("GET", path)).json()["data"]] == list(made)
        state = (await merchant.ask("GET", f"/idempotency-keys/{key}")).json()
        assert (state["status"], state["resource"]["id"]) == ("done", made.pop())

    asyncio.run(story())


def test_a_deadline_that_passes_anywhere_is_told_honestly(merchant):
    async def story() -> None:
        statuses = set()
        for ms in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 5000):
            _, invoice = await merchant.repeated("/invoices", invoice_body(f"Within {ms}"))
            path, body, key = f"/invoices/{invoice.json()['id']}/payments", payment_body(merchant), uuid.uuid4().hex
            first = await merchant.ask("POST", path, body, key, {"Request-Deadline": f"{ms}ms"})
            statuses.add(first.status_code)
            await asyncio.sleep(0.05)  # what had begun ends
            paid = (await merchant.ask("GET", path)).json()["data"]
            if first.status_code == 202:
                assert first.json()["moneyMoved"] == "unknown"
                asked = await merchant.ask("GET", first.json()["statusUrl"].removeprefix("/v3"))
                assert asked.json()["status"] in ("running", "interrupted", "done")
            elif first.status_code != 201:
                assert (first.headers["Money-Moved"], paid) == ("no", [])
            _, made = await merchant.repeated(path, body, key)
            paid = (await merchant.ask("GET", path)).json()["data"]
            assert [payment["id"] for payment in paid] == [made.json()["id"]]
        assert 201 in statuses
        assert statuses <= {201, 202, 503}

    asyncio.run(story())
