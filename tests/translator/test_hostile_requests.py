"""Whatever a socket can send gets an answer of the 4xx kind or is served; nothing of it is our fault."""

import asyncio
import json

import pytest
from gateway_kit import JSON, Bound, House, ask, exchange, scope_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translator import pipeline

GOOD = {"name": "abc", "currency": "RUB"}
DEEP = b'{"name":"abc","currency":"RUB","parent":' * 300 + b"{}" + b"}" * 300

BODIES = {
    "not UTF-8": b'{"name":"\xff\xfe"}',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "integer of 5000 digits": b'{"name":"abc","currency":"RUB","amount":' + b"1" * 5000 + b"}",
    "number beyond doubles": b'{"name":"abc","currency":"RUB","amount":1e999}',
    "NaN": b'{"name":"abc","currency":"RUB","rate":NaN}',
    "100,000 arrays": b"[" * 100_000,
    "100,000 closed arrays": b"[" * 100_000 + b"]" * 100_000,
    "300 levels of a recursive schema": DEEP,
    "duplicate keys": b'{"name":"abc","name":"abd","currency":"RUB"}',
    "lone surrogate": b'{"name":"\\ud800bc","currency":"RUB"}',
    "U+0000": b'{"name":"a\\u0000b","currency":"RUB"}',
    "a string": b'"name"',
    "nothing but blanks": b"   ",
    "a form": b"name=abc&currency=RUB",
}


def is_invalid_request(answer):
    return answer.status == 400 and answer.json["code"] == "invalidRequest"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_broken_body_is_400(house, body):
    assert is_invalid_request(house.send("POST", "/v9/shops", body=body))


@pytest.mark.parametrize(
    "number", [".", "+", "-", "1.", "1e5", "NaN", "%2B1", "%20", "9" * 5000, "1_0", "\u0661", "0x1"]
)
def test_a_broken_number_in_the_path_is_4xx(house, number):
    assert house.send("GET", "/v9/categories/" + number).status in (400, 404)


@pytest.mark.parametrize("length", ["abc", "-1", "+5", "1.0", "5, 6", "9" * 30, "0x10", " ", "²"])
def test_a_content_length_that_is_no_number_is_400(house, length):
    headers = [("authorization", f"Bearer {house.token}"), ("x-request-id", "1"), ("content-type", JSON)]
    body = json.dumps(GOOD).encode()
    assert is_invalid_request(ask(house.gateway, "POST", "/v9/shops", headers, body, length=length))


def test_a_chunked_body_is_read_whole(house):
    body = json.dumps(GOOD).encode()
    parts = [body[:5], b"", body[5:9], body[9:]]
    assert house.send("POST", "/v9/shops", chunks=parts, headers={"content-type": JSON}).status == 201


def test_a_chunked_body_of_no_bytes_is_no_body(house):
    answer = house.send("POST", "/v9/shops", chunks=[b""], headers={"content-type": JSON})
    assert answer.json["message"] == "Request parameter: ShopParams, error type: not_found"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused(tmp_path, chunked):
    house = House(tmp_path, env={"CAPI_GATEWAY_BODY_BYTES_MAX": 1000})
    body = b'{"name":"' + b"x" * 2000 + b'"}'
    parts = {"chunks": [body[:800], body[800:]], "headers": {"content-type": JSON}} if chunked else {"body": body}
    answer = house.send("POST", "/v9/shops", **parts)
    message = "Request parameter: ShopParams, error type: wrong_body, description: Body is too long"
    assert (answer.status, answer.json["message"]) == (400, message)


def test_an_announced_body_beyond_the_limit_is_refused_without_reading_it(house):
    async def forever():
        raise AssertionError("the body was read")

    headers = [(b"authorization", f"Bearer {house.token}".encode()), (b"x-request-id", b"1")]
    headers += [(b"content-type", JSON.encode()), (b"content-length", b"8388609")]
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v9/shops", "raw_path": b"/v9/shops", "headers": headers}
    asyncio.run(house.gateway(scope, forever, send))
    assert sent[0]["status"] == 400


def test_a_body_that_does_not_come_is_refused_in_time(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_BODY_READ_TIMEOUT_MS": 20})
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        await asyncio.sleep(5)

    headers = [(b"authorization", f"Bearer {house.token}".encode()), (b"x-request-id", b"1")]
    headers += [(b"content-type", JSON.encode()), (b"content-length", b"10")]
    scope = {"type": "http", "method": "POST", "path": "/v9/shops", "raw_path": b"/v9/shops", "headers": headers}
    asyncio.run(house.gateway(scope, receive, send))
    assert sent[0]["status"] == 400 and b"Body is too long" in sent[1]["body"]


def waiting_for_a_body(house, token, receive, sent):
    async def send(message):
        sent.append(message)

    headers = [(b"authorization", f"Bearer {token}".encode()), (b"x-request-id", b"1")]
    headers += [(b"content-type", JSON.encode()), (b"content-length", b"10")]
    scope = {"type": "http", "method": "POST", "path": "/v9/shops", "raw_path": b"/v9/shops", "headers": headers}
    return house.gateway(scope, receive, send)


@pytest.mark.parametrize("holds", [True, False])
def test_whoever_does_not_send_its_body_takes_nobodys_place(tmp_path, holds):
    house = House(tmp_path, env={"CAPI_GATEWAY_REQUESTS_IN_FLIGHT_MAX": 2})
    house.platform.answers["get_shop_by_id"] = {"id": "1"}

    async def never():
        await asyncio.Event().wait()

    async def story():
        token = house.token if holds else "x"
        slow = [asyncio.ensure_future(waiting_for_a_body(house, token, never, [])) for _ in range(20)]
        await asyncio.sleep(0.01)
        headers = [("authorization", f"Bearer {house.token}"), ("x-request-id", "1")]
        answer = await exchange(house.gateway, scope_of("GET", b"/v9/shops/1", headers), [])
        for task in slow:
            task.cancel()
        return answer.status

    assert asyncio.run(story()) == 200


def test_a_request_beyond_the_places_is_503_and_a_cat(tmp_path, monkeypatch):
    house = House(tmp_path, env={"CAPI_GATEWAY_REQUESTS_IN_FLIGHT_MAX": 1})
    headers = [("authorization", f"Bearer {house.token}"), ("x-request-id", "1")]

    async def story():
        done = asyncio.Event()

        async def answer(bound, name, call, /, **arguments):
            await done.wait()
            return {"id": "1"}

        monkeypatch.setattr(Bound, "answer", answer)
        first = asyncio.ensure_future(exchange(house.gateway, scope_of("GET", b"/v9/shops/1", headers), []))
        await asyncio.sleep(0.01)
        second = await exchange(house.gateway, scope_of("GET", b"/v9/shops/1", headers), [])
        done.set()
        return await first, second

    first, second = asyncio.run(story())
    assert (first.status, second.status, second.headers["content-type"]) == (200, 503, "text/plain; charset=utf-8")


def test_a_strangers_body_is_waited_for_two_seconds_and_then_401(house, monkeypatch):
    monkeypatch.setattr(pipeline, "STRANGERS_BODY_READ_MS_MAX", 20)
    sent = []

    async def receive():
        await asyncio.sleep(5)

    asyncio.run(waiting_for_a_body(house, "x", receive, sent))
    assert (sent[0]["status"], sent[1]["body"]) == (401, b"")


@pytest.mark.parametrize("token", ["x", None], ids=["a stranger", "a merchant"])
def test_a_stranger_is_not_listened_to_beyond_64_kb(house, token):
    headers = {"authorization": f"Bearer {token or house.token}", "content-type": JSON}
    half = b'{"name":"' + b"x" * 40_000
    for parts in ({"body": half * 2}, {"chunks": [half, half]}):
        assert house.send("POST", "/v9/shops", headers=headers, **parts).status == (401 if token else 400)


def test_a_stranger_too_is_told_first_what_is_wrong_with_its_body(house):
    headers = {"authorization": "Bearer x"}
    assert is_invalid_request(house.send("POST", "/v9/shops", body=b"{", headers=headers))
    assert is_invalid_request(house.send("POST", "/v9/shops", body=b"{", length="99999999", headers=headers))
    assert house.send("POST", "/v9/shops", json=GOOD, headers=headers).status == 401


def test_a_client_that_leaves_before_its_body_is_complete_gets_no_answer(house):
    headers = [(b"authorization", f"Bearer {house.token}".encode()), (b"x-request-id", b"1")]
    headers += [(b"content-type", JSON.encode()), (b"content-length", b"10")]
    scope = {"type": "http", "method": "POST", "path": "/v9/shops", "raw_path": b"/v9/shops", "headers": headers}
    assert asyncio.run(exchange(house.gateway, scope, [])).status == 0
    assert house.platform.calls == []


def test_a_server_that_gives_no_raw_path_is_understood(house):
    headers = [(b"authorization", f"Bearer {house.token}".encode()), (b"x-request-id", b"1")]
    house.platform.answers["get_shop_by_id"] = {"id": "1"}
    scope = {"type": "http", "method": "GET", "path": "/v9/shops/a b", "headers": headers}
    assert asyncio.run(exchange(house.gateway, scope, [])).status == 200


def test_repeated_headers_are_read_as_one(house):
    headers = [("authorization", f"Bearer {house.token}"), ("x-request-id", "a"), ("x-request-id", "b")]
    answer = ask(house.gateway, "PUT", "/v9/shops/1/suspend", headers)
    assert (answer.status, answer.headers["x-request-id"]) == (202, "a, b")
    twice = [("authorization", f"Bearer {house.token}")] * 2 + [("x-request-id", "a")]
    assert ask(house.gateway, "PUT", "/v9/shops/1/suspend", twice).status == 401


names = st.sampled_from(
    [
        b"authorization",
        b"x-request-id",
        b"x-request-deadline",
        b"content-type",
        b"content-length",
        b"accept",
        b"content-encoding",
        b"transfer-encoding",
        b"x-forwarded-for",
        b"origin",
        b"traceparent",
        b"x-amzn-trace-id",
        b"",
        b"\xff",
        b"host",
    ]
)
values = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"Bearer x",
            b"1",
            b"1s",
            b"-1s",
            b"9" * 400 + b"s",
            JSON.encode(),
            b"gzip",
            b"chunked",
            b"1.2.3.4, x",
            b"Root=1-5759e988-bd862e3fe1be46a994272793",
            b"\xff" * 10,
            b";" * 200,
            b"q=1,*/*",
            b"Bearer " + b"a." * 5000,
        ]
    ),
)
targets = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"/v9/shops", b"/v9/shops/1", b"/v9/categories/1", b"/v9/shops/1/suspend", b"/v9/tokens"]),
    st.binary(max_size=20).map(lambda tail: b"/v9/shops/" + tail),
    st.binary(max_size=20).map(lambda tail: b"/v9/shops?limit=1&" + tail),
)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "X" * 100])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("fuzz"))
    house.platform.answers |= {"get_shops": [], "get_shop_by_id": {"id": "1"}}
    return house


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(methods, targets, st.lists(st.tuples(names, values), max_size=6), st.binary(max_size=60), st.booleans())
def test_no_request_is_our_fault(fuzzed, method, target, headers, body, with_token):
    if with_token:
        headers = [(b"authorization", f"Bearer {fuzzed.token}".encode()), (b"x-request-id", b"1"), *headers]
    answer = ask(fuzzed.gateway, method, target, headers, body)
    assert 200 <= answer.status < 500
    assert int(answer.headers.get("content-length", 0)) == len(answer.body) or method == "HEAD"
