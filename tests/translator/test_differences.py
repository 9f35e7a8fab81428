"""Our one middleware against connexion's own chain: the same spec, the same requests, the verdicts side by side.

A verdict is the class of the answer: served (2xx) or the status of the refusal. Where a row of DIFFERENT names both, we
differ on purpose and the row says why; everywhere else the two must agree.
"""

import json
import logging
import sys
import types
import warnings

import pytest
from gateway_kit import House, ask
from small_spec import small_spec

SERVED = "served"
GOOD = {"name": "abc", "currency": "RUB"}
RAW = json.dumps(GOOD).encode()


def request(method, target, body=b"", headers=None, **rest):
    return {"method": method, "target": target, "body": body, "headers": headers or {}, **rest}


def get(query):
    return request("GET", f"/v9/shops?limit=1&{query}")


def post(**members):
    return request("POST", "/v9/shops", json.dumps({**GOOD, **members}).encode())


def raw(body):
    return request("POST", "/v9/shops", body)


SAME = {
    "a list": get(""),
    "a body": post(),
    "a body with much in it": post(
        amount=1, metadata={"a": [1]}, rate=0.5, tool={"toolType": "Card", "number": "4242"}
    ),
    "a missing property": raw(b'{"name":"abc"}'),
    "a wrong type": post(amount="1"),
    "a wrong type deep inside": post(cart=[{"price": "1", "cost": 1}]),
    "5.0 as an integer": post(amount=5.0),
    "a text too long": post(name="abcdef"),
    "a pattern": post(currency="rub"),
    "a date-time": post(dueDate="x"),
    "an email": post(email="x"),
    "an unknown discriminator": post(tool={"toolType": "Cash"}),
    "half a body": raw(b"{"),
    "no body": raw(b""),
    "a body where there is none": request("GET", "/v9/shops?limit=1", RAW),
    "a query parameter too small": request("GET", "/v9/shops?limit=0"),
    "a query parameter missing": request("GET", "/v9/shops"),
    "a query parameter of another type": request("GET", "/v9/shops?limit=x"),
    "a query parameter outside its enum": get("status=ajar"),
    "an array": get("geoIDs=1,2"),
    "an array of another type": get("geoIDs=1,x"),
    "no request id": get("") | {"headers": {"x-request-id": None}},
    "a long request id": get("") | {"headers": {"x-request-id": "x" * 33}},
    "no token": get("") | {"headers": {"authorization": None}},
    "another content type": post() | {"headers": {"content-type": "text/plain"}},
    "another path": request("GET", "/v9/nowhere"),
    "another method": request("DELETE", "/v9/shops"),
    "a slash behind a percent sign": request("GET", "/v9/shops/a%2Fb"),
}

DIFFERENT = {
    "a readOnly property sent": (post(id="1"), SERVED, 400, "the spec gives it to the server"),
    "a required readOnly property left out": (post(cart=[{"price": 1}]), 400, SERVED, "nobody may send it"),
    "a discriminator's schema": (post(tool={"toolType": "Card"}), SERVED, 400, "the chosen definition applies"),
    "an integer beyond int64": (post(amount=2**63), SERVED, 400, "format int64 is a bound"),
    "an integer of 5000 digits": (
        raw(b'{"name":"abc","currency":"RUB","amount":' + b"1" * 5000 + b"}"),
        500,
        400,
        "a caller's fault is no 5xx",
    ),
    "NaN": (raw(b'{"name":"abc","currency":"RUB","rate":NaN}'), SERVED, 400, "no JSON (RFC 8259)"),
    "duplicate keys": (raw(b'{"name":"abc","name":"abd","currency":"RUB"}'), SERVED, 400, "two readers, two meanings"),
    "a lone surrogate": (raw(b'{"name":"\\ud800bc","currency":"RUB"}'), SERVED, 400, "it cannot be written as UTF-8"),
    "U+0000": (raw(b'{"name":"a\\u0000b","currency":"RUB"}'), SERVED, 400, "stores refuse it later"),
    "bytes that are no UTF-8": (raw(b'{"name":"\xff"}'), 500, 400, "a caller's fault is no 5xx"),
    "100,000 nested arrays": (raw(b"[" * 100_000), 500, 400, "a caller's fault is no 5xx"),
    "a line end behind a pattern": (post(currency="RUB\n"), SERVED, 400, "$ is the end"),
    "digits of another script": (post(account="١٢٣٤"), SERVED, 400, "\\d is 0-9"),
    "an address format": (post(ip="1"), SERVED, 400, "ip-address is a format of the contract"),
    "a chunked body": (post() | {"chunks": [RAW[:4], RAW[4:]]}, 400, SERVED, "RFC 9112 7.1"),
    "a Content-Length of letters": (post() | {"length": "abc"}, 500, 400, "a caller's fault is no 5xx"),
    "a body in UTF-16": (
        post() | {"headers": {"content-type": "application/json; charset=utf-16"}},
        SERVED,
        415,
        "JSON is UTF-8",
    ),
    "a body without content type": (post() | {"headers": {"content-type": None}}, SERVED, 415, "nothing is guessed"),
    "a compressed body": (
        post() | {"headers": {"content-encoding": "gzip"}},
        SERVED,
        415,
        "it was not unpacked either",
    ),
    "an answer nobody wants": (get("") | {"headers": {"accept": "text/html"}}, SERVED, 406, "contract section 3.1"),
    "a plus before an integer": (request("GET", "/v9/shops?limit=%2B1"), SERVED, 400, "coercion is exact"),
    "an underscore in an integer": (request("GET", "/v9/shops?limit=1_0"), SERVED, 400, "coercion is exact"),
    "not a number as a number": (get("rate=nan"), SERVED, 400, "coercion is exact"),
    "a parameter given twice": (get("limit=2"), SERVED, 400, "which one is meant?"),
    "a query that is no UTF-8": (get("x=%ff"), SERVED, 400, "nothing is replaced by U+FFFD"),
    "an address in the query": (get("payerIP=1"), SERVED, 400, "ip-address is a format of the contract"),
    "an integer beyond int64 in the query": (get("offset=" + "9" * 30), SERVED, 400, "nothing behind us can hold it"),
    "a huge integer in the path": (
        request("GET", "/v9/categories/" + "9" * 5000),
        500,
        400,
        "a caller's fault is no 5xx",
    ),
    "a path parameter that is no integer": (
        request("GET", "/v9/categories/+"),
        404,
        400,
        "the path exists, its value is wrong",
    ),
    "a path that is no UTF-8": (request("GET", "/v9/shops/%ff"), SERVED, 404, "nothing is replaced by U+FFFD"),
    "a dot as an integer in the path": (
        request("GET", "/v9/categories/."),
        404,
        400,
        "the path exists, its value is wrong",
    ),
    "a nul in the path": (request("GET", "/v9/shops/%00"), SERVED, 400, "stores refuse it later"),
    "a preflight": (request("OPTIONS", "/v9/shops"), 405, SERVED, "pages call this API (3.8)"),
    "HEAD": (request("HEAD", "/v9/shops?limit=1"), SERVED, 405, "the contract has no HEAD"),
}


def plain_spec():
    """The small spec as the stock chain can serve it: it takes no content type with a parameter."""
    spec = small_spec()
    spec["consumes"] = ["application/json"]
    spec["securityDefinitions"]["bearer"]["x-apikeyInfoFunc"] = "stock_tokens.anybody"
    return spec


@pytest.fixture(scope="module")
def stock():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import connexion

    module = types.ModuleType("stock_tokens")
    module.anybody = lambda api_key, **_: {"sub": "somebody"}
    sys.modules["stock_tokens"] = module

    async def serve(**arguments):
        return {"id": "1"}, 200

    app = connexion.AsyncApp("stock")
    app.add_api(plain_spec(), resolver=connexion.Resolver(lambda operation_id: serve))
    logging.disable(logging.CRITICAL)
    yield app
    logging.disable(logging.NOTSET)
    del sys.modules["stock_tokens"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("ours"), plain_spec())
    house.platform.answers |= {"get_shops": [], "get_shop_by_id": {"id": "1"}}
    return house


def verdict(app, token, parts):
    parts = dict(parts)
    headers = {"authorization": f"Bearer {token}", "x-request-id": "1"}
    if parts["body"]:
        headers["content-type"] = "application/json"
    headers.update(parts.pop("headers"))
    kept = [(name, value) for name, value in headers.items() if value is not None]
    status = ask(app, parts.pop("method"), parts.pop("target"), kept, parts.pop("body"), **parts).status
    return SERVED if 200 <= status < 300 else status


@pytest.mark.parametrize("parts", SAME.values(), ids=SAME)
def test_both_give_the_same_verdict(stock, ours, parts):
    assert verdict(stock, ours.token, parts) == verdict(ours.gateway, ours.token, parts)


@pytest.mark.parametrize(("parts", "theirs", "mine", "why"), DIFFERENT.values(), ids=DIFFERENT)
def test_where_we_differ_we_mean_to(stock, ours, parts, theirs, mine, why):
    assert (verdict(stock, ours.token, parts), verdict(ours.gateway, ours.token, parts)) == (theirs, mine), why


def test_the_stock_chain_names_one_method_of_a_path_and_ours_names_all(stock, ours):
    theirs = ask(stock, "DELETE", "/v9/shops").headers["allow"]
    assert set(theirs.split(", ")) == {"GET", "HEAD"}
    assert ask(ours.gateway, "DELETE", "/v9/shops").headers["allow"] == "GET, POST, OPTIONS"


def test_the_stock_chain_shows_its_schemas_in_errors_and_ours_does_not(stock, ours):
    headers = [("authorization", f"Bearer {ours.token}"), ("x-request-id", "1")]
    assert b"Failed validating" in ask(stock, "GET", "/v9/shops?limit=0", headers).body
    assert b"Failed validating" not in ask(ours.gateway, "GET", "/v9/shops?limit=0", headers).body
