"""Internal calls are proven to be ours: whole, fresh, and once."""

from datetime import timedelta

import pytest

from rpc.client import BlockingClient
from rpc.context import Context, lines_of, to_headers
from rpc.deadlines import Deadline, milliseconds
from rpc.failures import Unavailable, Unexpected
from rpc.server import rpc_app
from rpc.signature import (
    HEADER,
    SECRET_BYTES_MIN,
    STALE,
    BadSignature,
    Replays,
    Verifier,
    read_secret,
    secret_of,
    signature,
    signature_of_lines,
)
from rpc.statuses import failure_of
from settings import load
from tests.rpc.http_kit import ask
from tests.rpc.kit import NOON, ROW, SECRET, StandingClock, context, things

PATH, BODY, ZEROS = "/v1/things", b"body", "0" * 64


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def verifier(clock):
    return Verifier(SECRET, clock)


def signed(clock, secret=SECRET, body=BODY, **root):
    headers = to_headers(Context.root(meta={"user-identity.id": "party"}, **root))
    return headers, signature(secret, PATH, headers, body, clock())


def test_a_signed_call_passes(clock, verifier):
    headers, value = signed(clock)
    verifier.verify(value, PATH, headers, BODY, "id")


def test_the_order_of_headers_and_headers_of_others_do_not_matter(clock, verifier):
    headers, value = signed(clock)
    verifier.verify(value, PATH, [("accept", "*/*"), *reversed(headers)], BODY, "id")


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"user-identity.id": "party", "user-identity.realm": "external", "user-identity.email": "a@b.c"},
        {"z": "1", "a": "2", "a-b": "3", "a.b": "4", "a~": "5", "0": "a: b"},
        {"user-identity.id": "партия"},
    ],
)
def test_what_a_client_signs_is_what_its_headers_say_in_whatever_order_they_arrive(clock, verifier, meta):
    for deadline in (None, Deadline.after_ms(1500, clock())):
        context = Context.root(trace_id="t", deadline=deadline, meta=meta)
        value = signature_of_lines(SECRET, PATH, lines_of(*context)[0], BODY, milliseconds(clock()))
        verifier.verify(value, PATH, to_headers(context)[::-1], BODY, f"{deadline}")


@pytest.mark.parametrize("name", ["woody.trace-id", "woody.span-id", "woody.parent-id", "woody.meta.user-identity.id"])
def test_a_changed_header_is_refused(clock, verifier, name):
    headers, value = signed(clock)
    changed = [(key, "other" if key == name else held) for key, held in headers]
    with pytest.raises(BadSignature, match="bad signature"):
        verifier.verify(value, PATH, changed, BODY, "id")


@pytest.mark.parametrize("more", [("woody.meta.user-identity.realm", "internal"), ("woody.deadline", "x")])
def test_an_added_header_is_refused(clock, verifier, more):
    headers, value = signed(clock)
    with pytest.raises(BadSignature):
        verifier.verify(value, PATH, [*headers, more], BODY, "id")


def test_a_removed_header_is_refused(clock, verifier):
    headers, value = signed(clock)
    with pytest.raises(BadSignature):
        verifier.verify(value, PATH, headers[:-2] + headers[-1:], BODY, "id")


def test_another_body_path_time_or_secret_is_refused(clock, verifier):
    headers, value = signed(clock)
    time, _, proof = value.partition(",")
    for changed_value, path, body in (
        (value, PATH, b"bodY"),
        (value, "/v1/other", BODY),
        (f"t={int(time[2:]) + 1},{proof}", PATH, BODY),
        (signed(clock, secret=b"o" * 32)[1], PATH, BODY),
    ):
        with pytest.raises(BadSignature, match="bad signature"):
            verifier.verify(changed_value, path, headers, body, "id")


@pytest.mark.parametrize(
    "value", ["", "t=1", "s=" + "0" * 64, "t=1,s=zz", "t=x,s=" + "0" * 64, "t=1,s=" + "0" * 64 + "\n"]
)
def test_what_is_no_signature_is_refused(clock, verifier, value):
    headers, _ = signed(clock)
    with pytest.raises(BadSignature):
        verifier.verify(value, PATH, headers, BODY, "id")


@pytest.mark.parametrize(("age_s", "passes"), [(0, True), (60, True), (61, False), (-60, True), (-61, False)])
def test_a_signature_is_good_for_a_minute_either_way(clock, verifier, age_s, passes):
    headers, value = signed(clock)
    clock.now += timedelta(seconds=age_s)
    if passes:
        verifier.verify(value, PATH, headers, BODY, "id")
    else:
        with pytest.raises(BadSignature, match="too old"):
            verifier.verify(value, PATH, headers, BODY, "id")


def test_the_same_call_shown_again_is_refused(clock, verifier):
    headers, value = signed(clock)
    verifier.verify(value, PATH, headers, BODY, "id")
    with pytest.raises(BadSignature, match="made before"):
        verifier.verify(value, PATH, headers, BODY, "id")


def test_a_forged_call_does_not_use_up_the_id_of_a_good_one(clock, verifier):
    headers, value = signed(clock)
    with pytest.raises(BadSignature):
        verifier.verify(value, PATH, headers, b"forged", "id")
    verifier.verify(value, PATH, headers, BODY, "id")


def test_remembered_calls_are_bounded_and_the_window_shrinks_instead_of_opening():
    replays = Replays(remembered_max=3)
    for number in range(5):
        replays.admit(f"call {number}", time_ms=1000 + number, oldest_ms=0)
    assert len(replays.seen) == 3
    for number in range(5):
        with pytest.raises(BadSignature):
            replays.admit(f"call {number}", time_ms=1000 + number, oldest_ms=0)
    replays.admit("call 5", time_ms=1005, oldest_ms=0)


def test_calls_too_old_to_pass_are_forgotten():
    replays = Replays(remembered_max=100)
    for number in range(10):
        replays.admit(f"call {number}", time_ms=number, oldest_ms=number - 3)
    assert list(replays.seen) == [f"call {number}" for number in (6, 7, 8, 9)]


# ------------------------------------------------------------- over the wire


class Echo:
    def _do(self, _context, *_arguments):
        return None

    Ping = Echo = Get = Put = Tree = Tell = _do


class Wire:
    """A blocking transport into an app; keeps what it sent and may change it first."""

    def __init__(self, app, change=lambda headers, body: (headers, body)):
        self.app, self.change, self.sent = app, change, []

    def send(self, request):
        from rpc.calling import Response

        headers, body = self.change(request.headers, request.body)
        self.sent.append((headers, body))
        answer = ask(self.app, request.path, headers, body)
        error = [answer.headers.get(f"woody.error-{part}", "") for part in ("class", "reason")]
        return Response(answer.status, *error, answer.body)

    def close(self):
        pass


def ping(clock, change=lambda headers, body: (headers, body), secret=SECRET, app=None):
    app = app or rpc_app({PATH: (things.Things, Echo())}, secret=SECRET, clock=clock)
    wire = Wire(app, change)
    client = BlockingClient({"things": "http://t"}, secret, "test", clock, [ROW], transport=wire)
    client.bind(context(clock)).things.Ping()
    return wire


def test_client_and_server_agree_on_what_is_signed(clock):
    assert ping(clock).sent


def test_an_unsigned_call_is_refused(clock):
    with pytest.raises(Unexpected, match="call is not signed") as raised:
        ping(clock, secret=None)
    assert raised.value.status == 401


def test_a_call_signed_with_another_secret_is_refused(clock):
    with pytest.raises(Unexpected, match="bad signature"):
        ping(clock, secret=b"o" * 32)


def test_a_call_in_another_partys_name_is_refused(clock):
    def steal(headers, body):
        return [(name, "victim" if name.endswith("identity.id") else value) for name, value in headers], body

    with pytest.raises(Unexpected, match="bad signature"):
        ping(clock, steal)


def test_a_recorded_call_cannot_be_shown_again(clock):
    app = rpc_app({PATH: (things.Things, Echo())}, secret=SECRET, clock=clock)
    headers, body = ping(clock, app=app).sent[0]
    assert ask(app, PATH, headers, body).status == 401
    clock.advance(61_000)
    assert ask(app, PATH, headers, body).status == 503


@pytest.mark.parametrize("skew_s", [-180, 180])
def test_a_caller_whose_clock_is_wrong_is_told_that_surely_nothing_was_done(clock, skew_s):
    app = rpc_app({PATH: (things.Things, Echo())}, secret=SECRET, clock=clock)
    headers, body = ping(clock).sent[0]
    clock.advance(skew_s * 1000)
    answer = ask(app, PATH, headers, body)
    failure = failure_of(answer.status, answer.headers["woody.error-class"], answer.headers["woody.error-reason"])
    assert (type(failure), failure.reason) == (Unavailable, STALE)


def test_without_a_secret_everything_passes(clock):
    app = rpc_app({PATH: (things.Things, Echo())}, clock=clock)
    assert ping(clock, secret=None, app=app).sent
    assert ping(clock, app=app).sent
    assert HEADER in dict(ping(clock, app=app).sent[0][0])


# ------------------------------------------------------------------- secrets


def test_a_short_secret_is_refused(tmp_path):
    file = tmp_path / "rpc.key"
    file.write_bytes(b"x" * (SECRET_BYTES_MIN - 1) + b"\n")
    with pytest.raises(ValueError, match="at least 32 bytes"):
        read_secret(file)
    file.write_bytes(b"x" * SECRET_BYTES_MIN + b"\n")
    assert read_secret(file) == b"x" * SECRET_BYTES_MIN


def test_the_settings_name_the_secret_and_may_switch_it_off(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "rpc.key").write_bytes(SECRET)
    state = {"CAPI_STATE_DIRECTORY": str(tmp_path)}
    assert secret_of(load(env=state).rpc) == SECRET
    assert secret_of(load(env={**state, "CAPI_RPC_SIGNATURES": "false"}).rpc) is None
    assert NOON.tzinfo
