"""Revoked tokens: learnt from the register, kept in mind, and never forgiven because the register is silent."""

import asyncio
import json

import pytest
import small_operations
from cryptography.hazmat.primitives import serialization
from gateway_kit import START, StillClock, exchange, scope_of, signing_key
from small_spec import small_spec

from capi_v2.conventions import CONVENTIONS
from rpc.failures import Unavailable
from rpc.protocol import access_keys
from settings import load
from translator.gateway import create_gateway
from translator.revocations import Revocations, from_register


class Register:
    """The AccessKeys service as a gateway sees it."""

    def __init__(self):
        self.revoked = []
        self.asked = []
        self.fails = None

    def bind(self):
        self.access_keys = self
        return self

    async def GetRevocations(self, after, reader):
        self.asked.append((after, reader))
        if self.fails:
            raise self.fails
        numbered = enumerate(self.revoked, 1)
        return [access_keys.Revocation(number=number, key_id=key) for number, key in numbered if number > after]


@pytest.fixture
def register():
    return Register()


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def revocations(register, clock):
    return Revocations(from_register(register.bind, "gateway-1"), clock=clock, age_s_max=15)


def test_only_what_is_new_is_asked_for(register, revocations):
    register.revoked = ["a", "b"]
    asyncio.run(revocations.refresh())
    register.revoked += ["c"]
    asyncio.run(revocations.refresh())
    assert register.asked == [(number, "gateway-1") for number in (0, 2, 2, 3)]
    assert [revocations.is_revoked(key, START) for key in "abcd"] == [True, True, True, False]


def test_nothing_is_fresh_before_the_last_part_of_a_long_list(register, clock):
    register.revoked = list("abcde")
    states = []

    async def parts_of_two(after):
        states.append(revocations.is_fresh(clock()))
        return (await from_register(register.bind, "gateway-1")(after))[:2]

    revocations = Revocations(parts_of_two, clock=clock, age_s_max=15)
    asyncio.run(revocations.refresh())
    assert states == [False] * 4
    assert all(revocations.is_revoked(key, START) for key in "abcde")


def test_before_the_first_answer_no_token_is_trusted(revocations):
    assert not revocations.is_fresh(START)
    with pytest.raises(Unavailable):
        revocations.is_revoked("a", START)


def test_a_register_that_falls_silent_is_believed_for_a_while(register, revocations, clock):
    asyncio.run(revocations.refresh())
    register.fails = Unavailable()
    clock.advance(seconds=15)
    with pytest.raises(Unavailable):
        asyncio.run(revocations.refresh())
    assert not revocations.is_revoked("a", clock())
    clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        revocations.is_revoked("a", clock())


def test_a_revoked_token_stays_revoked_however_silent_the_register(register, revocations, clock):
    register.revoked = ["a"]
    asyncio.run(revocations.refresh())
    clock.advance(days=1)
    assert revocations.is_revoked("a", clock())


@pytest.mark.parametrize("failure", [Unavailable("down"), RuntimeError("odd")])
def test_following_goes_on_after_a_failure(register, revocations, failure):
    async def story():
        register.fails = failure
        following = asyncio.create_task(revocations.follow(interval_s=0.001))
        await asyncio.sleep(0.02)
        register.fails, register.revoked = None, ["a"]
        await asyncio.sleep(0.02)
        following.cancel()

    asyncio.run(story())
    assert revocations.is_revoked("a", START)


class Platform(Register):
    """A platform that has nothing but the register; remembers on whose account it was asked."""

    def __init__(self):
        super().__init__()
        self.identities = []
        self.closed = False

    def bind(self, context=None):
        self.identities.append(dict(context.meta))
        return super().bind()

    async def close(self):
        self.closed = True


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def gateway(tmp_path, platform, clock):
    """Made from the settings alone, as a version makes it."""
    spec, keys = tmp_path / "spec.json", tmp_path / "secrets/jwt"
    spec.write_text(json.dumps(small_spec()))
    keys.mkdir(parents=True)
    pem = signing_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (keys / "capi.pem").write_bytes(pem)
    return create_gateway(
        spec=spec,
        operations=[small_operations],
        errors={},
        conventions=CONVENTIONS,
        rpc=platform,
        settings=load(env={"CAPI_STATE_DIRECTORY": str(tmp_path)}),
        clock=clock,
        process="gateway-1",
    )


def status_of(gateway, token):
    headers = [("authorization", f"Bearer {token}"), ("x-request-id", "1")]
    return exchange(gateway, scope_of("PUT", b"/v9/shops/1/suspend", headers), [])


async def alive(gateway, during):
    """Runs `during` between the gateway's startup and its shutdown."""
    started, complete, ended, sent = asyncio.Event(), asyncio.Event(), asyncio.Event(), []

    async def receive():
        if started.is_set():
            await ended.wait()
            return {"type": "lifespan.shutdown"}
        started.set()
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message["type"])
        complete.set()

    living = asyncio.create_task(gateway({"type": "lifespan"}, receive, send))
    await complete.wait()
    result = await during()
    ended.set()
    await living
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    return result


def test_a_gateway_follows_the_register_on_its_own_account_while_it_lives(gateway, platform):
    token, token_id = gateway.tokens.issue("party-1", ["party:read"], lifetime_s=None)
    void, void_id = gateway.tokens.issue("party-1", ["invoices:write"], lifetime_s=None)
    platform.revoked = [void_id]

    async def during():
        assert gateway.ready() == {"revocations_known": True}
        return [(await status_of(gateway, text)).status for text in (token, void)]

    assert gateway.ready() == {"revocations_known": False}
    assert asyncio.run(alive(gateway, during)) == [401, 401]
    assert gateway.tokens.identify(token, START).token_id == token_id
    assert platform.identities[0] == {"user-identity.id": "gateway-1", "user-identity.realm": "internal"}
    assert platform.asked[0] == (0, "gateway-1") and platform.closed


def test_while_nobody_knows_what_is_revoked_every_operation_is_503_and_a_cat(gateway, platform):
    token, _ = gateway.tokens.issue("party-1", ["invoices:write"], lifetime_s=None)
    platform.fails = Unavailable("down")

    async def during():
        return await status_of(gateway, token)

    answer = asyncio.run(alive(gateway, during))
    assert (answer.status, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
