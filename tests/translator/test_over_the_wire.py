"""The gateway's own calls in real Thrift bytes: binding an external id, and learning what is revoked."""

import asyncio
import json

import pytest
from gateway_kit import PARTY, START, Bound, House, Platform, StillClock, exchange, scope_of

from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import access_keys, base, ids
from tests.fakes.backend import DROP, FakeBackend, Raw
from translator.idempotency import features_of, load
from translator.revocations import Revocations, from_register
from translator.trace import internal_context, new_trace_id

BODY = {"name": "abc", "currency": "RUB", "externalID": "e1", "amount": 5}


class Wired(Platform):
    """The platform whose ids are a service behind the real client."""

    def __init__(self, backend):
        super().__init__()
        self.client = backend.client()

    def bind(self, context):
        bound = Bound(self, context)
        bound.ids = self.client.bind(context).ids
        return bound


@pytest.fixture
def backend():
    """Binds like the real service: the first of a key wins."""
    bound = {}

    def bind(params):
        key = (params.key.operation, params.key.party_id, params.key.external_id)
        first = bound.setdefault(key, params)
        return ids.Binding(id=first.id, is_new=first is params, features=first.features, context=first.context or {})

    return FakeBackend(clock=StillClock()).on("Ids.Bind", bind)


@pytest.fixture
def house(tmp_path, backend):
    return House(tmp_path, platform=Wired(backend))


def test_a_binding_names_party_operation_and_meaning(house, backend):
    answer = house.send("POST", "/v9/shops", json=BODY, headers={"x-request-id": "r7"})
    ((_, (params,), context),) = backend.calls_of("Ids.Bind")
    assert params.key == ids.Key(operation="createShop", party_id=PARTY, external_id="e1")
    assert params.id == answer.json["id"] and params.sequence is None
    assert load(params.features) == features_of({1: ("name", None), 2: ("amount", None)}, BODY)
    assert (context.parent_id, context.meta["user-identity.id"]) == ("r7", PARTY)


def test_of_fifty_requests_at_a_time_one_makes_the_object_and_all_get_it(house):
    headers = [
        ("authorization", f"Bearer {house.token}"),
        ("x-request-id", "1"),
        ("content-type", "application/json; charset=utf-8"),
        ("transfer-encoding", "chunked"),
    ]

    async def story():
        scope = scope_of("POST", b"/v9/shops", headers)
        return await asyncio.gather(*(exchange(house.gateway, scope, [json.dumps(BODY).encode()]) for _ in range(50)))

    answers = asyncio.run(story())
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Unavailable, 503),
        (Unknown, 504),
        (Unexpected, 500),
        (DROP, 504),
        (Raw(b"garbage"), 504),
        (Raw(b"", 502, "Resource Unavailable"), 503),
        (Raw(b"", 418), 500),
        (base.AccessDenied(), 401),
        (base.InvalidRequest(errors=["no row of the table names it"]), 500),
    ],
    ids=repr,
)
def test_a_failing_binding_is_answered_by_its_class_and_nothing_is_made(house, backend, failure, status):
    backend.on("Ids.Bind", failure)
    answer = house.send("POST", "/v9/shops", json=BODY, headers={"x-request-deadline": "1s"})
    assert (answer.status, house.platform.calls) == (status, [])
    assert (answer.headers.get("content-type") == "text/plain; charset=utf-8") is (status >= 500)


def test_revocations_are_asked_for_in_the_internal_realm(backend):
    found = [access_keys.Revocation(number=7, key_id="t1")]
    backend.on("AccessKeys.GetRevocations", lambda after, reader: found if after < 7 else [])
    clock, client = StillClock(), backend.client()

    def bind():
        return client.bind(internal_context("gateway-1", Deadline.after_ms(1000, clock())))

    revocations = Revocations(from_register(bind, "gateway-1"), clock=clock)
    asyncio.run(revocations.refresh())
    asyncio.run(revocations.refresh())
    assert revocations.is_revoked("t1", START) and not revocations.is_revoked(new_trace_id(), START)
    calls = backend.calls_of("AccessKeys.GetRevocations")
    assert [call.arguments for call in calls] == [(0, "gateway-1"), (7, "gateway-1"), (7, "gateway-1")]
    assert calls[0].context.meta["user-identity.realm"] == "internal"
