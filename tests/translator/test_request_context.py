"""What travels on from a request: deadline, ids of the trace, identity, address (contract sections 3.2 and 5.1)."""

import re
from datetime import timedelta

import pytest
from gateway_kit import START, House

from translator.client_address import client_ip
from translator.trace import from_amazon, new_trace_id

SECOND = timedelta(seconds=1)
# X-Request-Deadline | milliseconds left | None: refused
DEADLINES = [
    (None, 30_000),
    ("500ms", 500),
    ("3s", 3_000),
    ("1.5s", 1_500),
    ("0.01m", 600),
    ("60s", 60_000),
    ("61s", 60_000),
    ("10m", 60_000),
    ("9" * 38 + "s", 60_000),
    ("2026-03-01T12:00:10Z", 10_000),
    ("2026-03-01T15:00:10+03:00", 10_000),
    ("2026-03-01t12:00:10.5z", 10_500),
    ("2036-03-01T12:00:10Z", 60_000),
    ("2026-03-01T12:00:00Z", None),
    ("2026-03-01T11:59:59Z", None),
    ("2026-03-01T12:00:10", None),
    ("0s", None),
    ("0ms", None),
    ("0.0s", None),
    ("15h", None),
    ("1d", None),
    ("-1s", None),
    ("+1s", None),
    ("1 s", None),
    ("1S", None),
    ("s", None),
    ("1", None),
    (".5s", None),
    ("1.s", None),
    ("1e3ms", None),
    ("soon", None),
]


def context_of(house, **headers):
    """The context of the internal calls of a request with these headers, and its call."""
    seen = []

    def answer(call):
        seen.append(call)
        return {"id": "1"}

    house.platform.answers["get_shop_by_id"] = answer
    result = house.send(
        "GET", "/v9/shops/1", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    assert result.status == 200, result
    return seen[0].rpc.context, seen[0]


@pytest.mark.parametrize(("text", "left_ms"), DEADLINES)
def test_a_deadline_is_taken_brought_back_or_refused(house, text, left_ms):
    if left_ms is None:
        answer = house.send("GET", "/v9/shops/1", headers={"x-request-deadline": text})
        assert (answer.status, answer.json["code"]) == (400, "invalidDeadline")
        assert "X-Request-Deadline" in answer.json["message"]
        assert house.platform.calls == []
    else:
        context, call = context_of(house, x_request_deadline=text)
        assert context.deadline == call.deadline
        assert context.deadline.remaining_ms(START) == left_ms


def test_the_longest_deadline_is_a_setting(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_REQUEST_DEADLINE_MS_MAX": 5_000})
    context, _ = context_of(house, x_request_deadline="10s")
    assert context.deadline.remaining_ms(START) == 5_000


def test_the_request_id_becomes_the_span_and_the_trace_is_new(house):
    first, call = context_of(house, x_request_id="abc 1")
    second, _ = context_of(house, x_request_id="abc 1")
    assert first.span_id == call.request_id == "abc 1" and first.parent_id == "undefined"
    assert first.trace_id != second.trace_id and re.fullmatch("[0-9]{20}", first.trace_id)


def test_a_trace_id_is_a_64_bit_number_longer_than_any_card_number():
    for _ in range(1000):
        assert 10**19 <= int(new_trace_id()) < 2**64


def test_the_identity_of_the_caller_travels_as_metadata(house):
    token = house.tokens.issue("party-7", ["invoices:read"], lifetime_s=None, email="a@b.cd")[0]
    context, call = context_of(house, authorization=f"Bearer {token}")
    assert dict(context.meta) == {
        "user-identity.id": "party-7",
        "user-identity.realm": "external",
        "user-identity.email": "a@b.cd",
    }
    assert call.party_id == "party-7"


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
AMAZON = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_a_traceparent_is_carried_on(house):
    assert context_of(house, traceparent=PARENT)[0].traceparent == PARENT


def test_a_traceparent_wins_over_the_header_of_amazon(house):
    assert context_of(house, traceparent=PARENT, x_amzn_trace_id=AMAZON)[0].traceparent == PARENT


def test_the_header_of_amazon_stands_in_for_a_traceparent(house):
    expected = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
    assert context_of(house, x_amzn_trace_id=AMAZON)[0].traceparent == expected


@pytest.mark.parametrize("text", ["", "x", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT.upper(), PARENT + "-x"])
def test_a_malformed_traceparent_begins_a_new_trace(house, text):
    assert context_of(house, traceparent=text)[0].traceparent not in (text, None)


@pytest.mark.parametrize(
    "text", ["", "Root=x", "Self=1-5759e988-bd862e3fe1be46a994272793", "Root=1-5759e988-bd86;;;", ";" * 1000]
)
def test_a_malformed_header_of_amazon_is_nothing(text):
    assert from_amazon(text) is None


ADDRESSES = [
    ({}, "203.0.113.9"),
    ({b"x-forwarded-for": b"198.51.100.1"}, "198.51.100.1"),
    ({b"x-forwarded-for": b" 198.51.100.1 , 10.0.0.1"}, "198.51.100.1"),
    ({b"x-forwarded-for": b"2001:DB8::1"}, "2001:db8::1"),
    ({b"x-forwarded-for": b""}, None),
    ({b"x-forwarded-for": b"198.51.100.1, unknown"}, None),
    ({b"x-forwarded-for": b"unknown, 198.51.100.1"}, None),
    ({b"x-forwarded-for": b"198.51.100.1:80"}, None),
    ({b"x-forwarded-for": b"fe80::1%eth0"}, None),
    ({b"x-forwarded-for": b"\xff"}, None),
    ({b"x-forwarded-for": b"1" * 16_000}, None),
]


@pytest.mark.parametrize(("headers", "expected"), ADDRESSES)
def test_the_first_forwarded_address_is_the_clients_if_all_are_addresses(headers, expected):
    assert client_ip(headers, b"x-forwarded-for", "203.0.113.9") == expected


def test_without_a_configured_header_the_peer_is_the_client():
    assert client_ip({b"x-forwarded-for": b"198.51.100.1"}, b"", "203.0.113.9") == "203.0.113.9"
    assert client_ip({}, b"", None) is None


def test_the_call_knows_origin_and_address(house):
    _, call = context_of(house, origin="https://shop.example", x_forwarded_for="198.51.100.1")
    assert (call.origin, call.client_ip, call.now) == ("https://shop.example", "198.51.100.1", START)
