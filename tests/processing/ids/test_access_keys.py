"""The register of API keys: what was given out, what is void, and who does not know it yet."""

from datetime import timedelta

import pytest

from processing.access_keys import READER_ALIVE
from processing.services.access_keys import AccessKeysService
from processing.services.wire.times import to_text
from processing.storage.port import Database
from rpc.protocol import access_keys, base
from settings import load
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import NOW, ToldClock


@pytest.fixture
def clock() -> ToldClock:
    return ToldClock()


@pytest.fixture
def service(database: Database, clock: ToldClock) -> Asked:
    return Asked(AccessKeysService(database, clock))


def key(key_id: str = "k1", party_id: str = "demo", issued_s: int = 0, **more: object) -> access_keys.AccessKey:
    issued_at = to_text(NOW + timedelta(seconds=issued_s))
    return access_keys.AccessKey(id=key_id, party_id=party_id, roles=["invoices:write"], issued_at=issued_at, **more)


def test_keys_are_listed_newest_first_by_party_or_all(service: Asked):
    for each in (key("k1"), key("k2", issued_s=5), key("k3", "other", 9, name="till", expires_at=to_text(NOW))):
        service.Register(each)
    assert [each.id for each in service.List("demo")] == ["k2", "k1"]
    assert [each.id for each in service.List("")] == ["k3", "k2", "k1"]
    assert service.List("other") == [key("k3", "other", 9, name="till", expires_at=to_text(NOW))]


def test_a_key_is_registered_once(service: Asked):
    service.Register(key())
    service.Register(key())
    with pytest.raises(base.InvalidRequest):
        service.Register(key(party_id="other"))
    assert service.List("") == [key()]


def test_a_revoked_key_says_so(service: Asked, clock: ToldClock):
    service.Register(key())
    clock.forward(60)
    service.Revoke("k1")
    assert service.List("demo")[0].revoked_at == to_text(clock())


def test_a_revocation_has_one_number_however_often_it_is_asked_for(service: Asked):
    assert [service.Revoke(each) for each in ("k1", "never registered", "k1")] == [1, 2, 1]
    assert service.GetRevocations(0, "gateway") == [
        access_keys.Revocation(number=1, key_id="k1"),
        access_keys.Revocation(number=2, key_id="never registered"),
    ]
    assert service.GetRevocations(1, "gateway") == [access_keys.Revocation(number=2, key_id="never registered")]


def test_whoever_revokes_learns_which_gateways_still_accept_the_key(service: Asked, clock: ToldClock):
    service.GetRevocations(0, "one")
    service.GetRevocations(0, "two")
    number = service.Revoke("k1")
    assert service.ReadersBehind(number) == ["one", "two"]
    service.GetRevocations(0, "one")
    service.GetRevocations(number, "one")
    assert service.ReadersBehind(number) == ["two"]
    clock.forward(READER_ALIVE.total_seconds())
    assert service.ReadersBehind(number) == []


def test_a_silent_gateway_counts_as_long_as_it_may_go_on_accepting_keys(service: Asked, clock: ToldClock):
    """A gateway that cannot ask trusts what it knows for gateway.token_cache_s; so long it must not be forgotten."""
    service.GetRevocations(0, "cut off")
    number = service.Revoke("k1")
    clock.forward(load({}).gateway.token_cache_s)
    assert service.ReadersBehind(number) == ["cut off"]


def test_a_gateway_that_keeps_asking_stays_known(service: Asked, clock: ToldClock):
    for _ in range(5):
        service.GetRevocations(0, "one")
        clock.forward(1)
    number = service.Revoke("k1")
    assert service.ReadersBehind(number) == ["one"]


def test_the_register_is_not_open_to_merchants(service: Asked):
    merchant = service.by(as_party("demo"))
    calls = [
        lambda: merchant.Register(key()),
        lambda: merchant.List("demo"),
        lambda: merchant.Revoke("k1"),
        lambda: merchant.GetRevocations(0, "r"),
        lambda: merchant.ReadersBehind(0),
    ]
    for call in calls:
        with pytest.raises(base.AccessDenied):
            call()
