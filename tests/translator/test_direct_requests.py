"""A request answers the same whether it comes from our own server directly or from any other by ASGI."""

import asyncio
import json

import pytest
from gateway_kit import JSON, Answer, House, latin, scope_of
from gateway_kit import exchange as by_asgi

from rpc.failures import Unknown
from translator.response_headers import length_of

BODY = json.dumps({"name": "abc", "currency": "RUB", "amount": 5}).encode()


class Direct:
    """What `serving.exchange` hands over; `parts`: the body as it comes, all of it at hand when it is one."""

    def __init__(self, scope, parts):
        self.method, self.raw_path, self.query = scope["method"], scope["raw_path"], scope["query_string"]
        self.headers, self.peer = scope["headers"], scope["client"][0]
        self.named = self.usual = None
        self.parts = list(parts)

    def body_at_hand(self):
        return self.parts[0] if len(self.parts) == 1 else None

    async def receive(self):
        if not self.parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": bool(self.parts)}

    def shown(self, status, headers, body, constant):
        """The answer as the server sends it."""
        headers = [*constant, *headers, *length_of(status, body)]
        body = b"" if self.method == "HEAD" else body
        return Answer(status, {name.decode(): value.decode("latin-1") for name, value in headers}, body)


def both(house, method, target, headers, parts):
    """The answers by both ways."""
    pairs = {"authorization": f"Bearer {house.token}", "x-request-id": "req-1", "content-type": JSON, **headers}
    length = [] if "transfer-encoding" in headers else [("content-length", str(sum(map(len, parts))))]
    kept = [(name, latin(value)) for name, value in [*pairs.items(), *length] if value is not None]
    scope = scope_of(method, target, kept)

    async def direct():
        request = Direct(scope, parts)
        return request.shown(*await house.gateway.direct(request))

    return asyncio.run(direct()), asyncio.run(by_asgi(house.gateway, scope, list(parts)))


REQUESTS = [
    ("GET", b"/v9/shops/1", {}, [b""]),
    ("HEAD", b"/v9/shops/1", {}, [b""]),
    ("OPTIONS", b"/v9/shops/1", {}, [b""]),
    ("DELETE", b"/v9/shops/1", {}, [b""]),
    ("GET", b"/v9/nowhere", {}, [b""]),
    ("GET", b"/v9/shops?limit=x", {}, [b""]),
    ("GET", b"/v9/shops/1", {"authorization": None}, [b""]),
    ("GET", b"/v9/shops/1", {"authorization": "Bearer x.y.z"}, [b""]),
    ("GET", b"/v9/shops/1", {"x-request-id": " \treq-1 \t"}, [b""]),
    ("GET", b"/v9/shops/1", {"accept": "text/html"}, [b""]),
    ("POST", b"/v9/shops", {}, [BODY]),
    ("POST", b"/v9/shops", {}, [BODY[:7], BODY[7:]]),
    ("POST", b"/v9/shops", {}, [b"{"]),
    ("POST", b"/v9/shops", {}, [b""]),
    ("POST", b"/v9/shops", {"content-type": "text/plain"}, [BODY]),
    ("POST", b"/v9/shops", {"transfer-encoding": "chunked"}, [b" " * 3000]),
    ("POST", b"/v9/shops", {"transfer-encoding": "chunked"}, [b" " * 1500, b" " * 1500]),
    ("POST", b"/v9/shops", {"authorization": "Bearer x.y.z"}, [b"{"]),
]


@pytest.mark.parametrize(("method", "target", "headers", "parts"), REQUESTS)
def test_both_ways_answer_the_same(tmp_path, monkeypatch, method, target, headers, parts):
    monkeypatch.setattr("translator.idempotency.fresh_id", lambda now: "made")
    house = House(tmp_path, env={"CAPI_GATEWAY_BODY_BYTES_MAX": 2000})
    direct, asgi = both(house, method, target, headers, parts)
    assert direct == asgi
    assert direct.status


@pytest.mark.parametrize("token", ["x.y.z", None])
def test_headers_that_the_server_has_by_name_already_mean_the_same(house, token):
    pairs = {"authorization": f"Bearer {token or house.token}", "x-request-id": "req-7", "content-type": JSON}
    headers = [(name, latin(value)) for name, value in {**pairs, "content-length": str(len(BODY) - 1)}.items()]
    first, again = (Direct(scope_of("POST", b"/v9/shops", headers), [BODY[:-1]]) for _ in range(2))
    again.named, again.headers = dict(first.headers), ()
    answers = [request.shown(*asyncio.run(house.gateway.direct(request))) for request in (first, again)]
    assert answers[0] == answers[1] and answers[0].headers["x-request-id"] == "req-7"


def test_what_breaks_inside_is_a_cat_either_way(house):
    house.platform.answers["get_shop_by_id"] = Unknown("secret")
    direct, asgi = both(house, "GET", b"/v9/shops/1", {}, [b""])
    assert direct == asgi and direct.status == 504


def test_nobody_is_answered_who_went_away_before_the_body_was_whole(house):
    request = Direct(scope_of("POST", b"/v9/shops", [("authorization", f"Bearer {house.token}")]), [])
    request.headers += [(b"x-request-id", b"1"), (b"content-type", JSON.encode()), (b"content-length", b"9")]
    assert asyncio.run(house.gateway.direct(request)) is None
