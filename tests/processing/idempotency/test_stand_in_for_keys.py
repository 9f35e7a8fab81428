"""The stand-in for IdempotencyKeys in the gateway's tests answers as the service does, whatever is asked of it."""

import asyncio
import inspect
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing import sealing
from processing.idempotency_keys import IdempotencyKeys
from processing.services.idempotency_keys import IdempotencyKeysService
from processing.storage.migrations import migrate
from rpc.protocol import idempotency
from tests.fakes.idempotency_keys import FakeIdempotencyKeys
from tests.processing import sandbox
from tests.processing.asking import as_party
from tests.processing.sandbox import NOW, ToldClock

PARTY, LEASE_S = "demo", 20
NAMES = itertools.count()
ANSWER = idempotency.Answer(status=201, headers={"etag": '"1"'}, body=b"{}", resource="pay_1")
FINGERPRINTS = st.sampled_from([{"body:/a": "1"}, {"body:/a": "2"}, {"body:/a": "1", "body:/b": "1"}])
STEPS = st.one_of(
    st.tuples(st.just("Begin"), FINGERPRINTS, st.sampled_from(["createPayment", "createPayment", "createRefund"])),
    st.tuples(st.sampled_from(["Finish", "Release", "Suspend"]), st.integers(1, 3), st.none()),
    st.tuples(st.just("time passes"), st.sampled_from([1, 19, 21]), st.none()),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    database = sandbox.open_below(tmp_path_factory.mktemp("keys"))
    migrate(database, NOW)
    clock = ToldClock()
    keys = IdempotencyKeys(database, sealing.SealingKeys({1: b"k" * 32}), timedelta(days=30))
    return IdempotencyKeysService(keys, clock), FakeIdempotencyKeys(clock), clock


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=1, max_size=15))
def test_the_stand_in_answers_as_the_service_does(both, steps):
    service, fake, clock = both
    name = f"key-{next(NAMES)}"
    for number, (what, first, operation) in enumerate(steps):
        if what == "time passes":
            clock.forward(first)
            continue
        arguments = said(what, name, number, first, operation)
        real = outcome(getattr(service, what), as_party(PARTY), *arguments)
        stood_in = outcome(getattr(fake, what), *arguments)
        assert stood_in == real, (what, arguments)


def said(what, name, number, first, operation):
    """The arguments of one call."""
    if what == "Begin":
        params = idempotency.BeginParams(
            party_id=PARTY, key=name, operation=operation, fingerprint=first, id=f"id-{number}", lease_s=LEASE_S
        )
        return (params,)
    return (PARTY, name, first, *([ANSWER] if what == "Finish" else []))


def outcome(function, *arguments):
    """What came of it; for a key in use only that it is, for how soon to ask again is a matter of taste."""
    try:
        answer = function(*arguments)
        answer = asyncio.run(answer) if inspect.isawaitable(answer) else answer
    except idempotency.AttemptOver:
        return "over"
    return "in use" if answer is not None and answer.in_use is not None else answer
