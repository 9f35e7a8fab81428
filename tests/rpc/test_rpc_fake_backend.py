"""The stand-in for the internal services, which the tests of the gateway lean on."""

import asyncio

import pytest

from rpc.client import AsyncClient, BlockingClient
from rpc.context import Context
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import domain, party
from tests.fakes.backend import DROP, FakeBackend, Raw
from tests.rpc.kit import SECRET

SHOP = domain.Shop(
    id="shop",
    owner_id="party",
    created_at="2026-03-01T12:00:00.000Z",
    is_blocked=False,
    is_suspended=False,
    category_id=1,
    location=domain.ShopLocation(url="http://shop.test"),
    details=domain.ShopDetails(name="Shop"),
    contract_id="1",
    account=domain.ShopAccount(currency="RUB", settlement=1, guarantee=2),
)


class InProcess:
    def __init__(self, backend):
        self.client = backend.client()

    def get_shop(self):
        return asyncio.run(self.client.bind(Context.root()).party_management.GetShop("party", "shop"))


@pytest.fixture(params=["in process", "async socket", "blocking socket"])
def reach(request):
    """backend -> a function that calls PartyManagement.GetShop on it, over each way there is."""
    opened = []

    def reach(backend):
        if request.param == "in process":
            return InProcess(backend).get_shop
        listening = backend.listening()
        url = listening.__enter__()
        opened.append(listening)
        made = AsyncClient if request.param == "async socket" else BlockingClient
        client = made(backend.upstreams(url), backend.secret, breaker_failures_max=0)

        async def get_shop_and_close():
            try:
                return await client.bind(Context.root()).party_management.GetShop("party", "shop")
            finally:
                await client.close()

        def get_shop():
            if made is AsyncClient:
                return asyncio.run(get_shop_and_close())
            return client.bind(Context.root()).party_management.GetShop("party", "shop")

        return get_shop

    yield reach
    for listening in opened:
        listening.__exit__(None, None, None)


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_prepared_answer_travels_as_real_bytes(reach, secret):
    backend = FakeBackend(secret=secret).on("PartyManagement.GetShop", lambda party_id, shop_id: SHOP)
    assert reach(backend)() == SHOP
    assert backend.calls[0].name == "PartyManagement.GetShop"
    assert backend.calls[0].arguments == ("party", "shop")


def test_a_value_is_an_answer_too(reach):
    assert reach(FakeBackend().on("PartyManagement.GetShop", SHOP))() == SHOP


@pytest.mark.parametrize("failure", [party.ShopNotFound(), Unavailable("x"), Unknown("x"), Unexpected("x")], ids=repr)
def test_a_prepared_exception_is_raised_at_the_caller(reach, failure):
    with pytest.raises(type(failure)):
        reach(FakeBackend().on("PartyManagement.GetShop", failure))()


def test_raw_bytes_and_dropped_connections_are_unknown(reach):
    for answer in (Raw(b"garbage"), DROP, Raw(b"", 504)):
        with pytest.raises(Unknown):
            reach(FakeBackend().on("PartyManagement.GetShop", answer))()


def test_a_raw_status_is_answered(reach):
    with pytest.raises(Unavailable):
        reach(FakeBackend().on("PartyManagement.GetShop", Raw(b"", 502, "Resource Unavailable", "x")))()


def test_an_answer_that_was_not_prepared_is_unexpected(reach):
    with pytest.raises(Unexpected):
        reach(FakeBackend())()


def test_everything_can_be_made_to_fail(reach):
    backend = FakeBackend().on("PartyManagement.GetShop", SHOP)
    backend.fail_everything(Unknown("x"))
    with pytest.raises(Unknown):
        reach(backend)()


def test_a_function_that_the_idl_lacks_cannot_be_prepared():
    for name in ("PartyManagement.GetShopp", "Nope.Get", "GetShop"):
        with pytest.raises(KeyError):
            FakeBackend().on(name, None)


def test_a_prepared_function_may_ask_for_the_context():
    backend = FakeBackend().on("PartyManagement.GetShop", lambda context, *_: fail(context), wants_context=True)

    def fail(context):
        raise Unexpected(context.trace_id)

    with pytest.raises(Unexpected, match="my trace"):
        asyncio.run(backend.client().bind(Context.root(trace_id="my trace")).party_management.GetShop("p", "s"))
    assert backend.calls_of("PartyManagement.GetShop")[0].context.trace_id == "my trace"
