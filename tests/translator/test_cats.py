"""Every answer of 500 and more is a cat; no other answer is."""

import pytest
from gateway_kit import House, ask

from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import base, domain, payment_processing
from translator.oops import LAST_CAT, OUR_CATS, Cats

BROKEN = [
    (Unexpected("secret"), 500),
    (Unavailable("secret"), 503),
    (Unknown("secret"), 504),
    (ZeroDivisionError("secret"), 500),
    (payment_processing.PaymentNotFound(), 500),
    (base.InvalidRequest(errors=["secret"]), 500),
    (TypeError("secret"), 500),
    (RecursionError("secret"), 500),
]


def drawing(status):
    return (OUR_CATS / f"{status}.txt").read_bytes()


@pytest.mark.parametrize(("problem", "status"), BROKEN, ids=lambda value: repr(value)[:30])
def test_what_breaks_inside_is_a_cat_under_the_status_of_its_class(house, problem, status):
    house.platform.answers["get_shop_by_id"] = problem
    answer = house.send("GET", "/v9/shops/1", headers={"origin": "https://shop.example"})
    assert (answer.status, answer.body) == (status, drawing(status))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert int(answer.headers["content-length"]) == len(drawing(status))
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"] == "req-1"
    assert b"secret" not in answer.body


def test_an_answer_of_no_json_value_is_a_cat(house):
    house.platform.answers["get_shop_by_id"] = {"id": "1", "name": object()}
    assert house.send("GET", "/v9/shops/1").body == drawing(500)
    house.platform.answers["get_shop_by_id"] = lambda call: {"id": "1", "x": domain.Cash(amount=1, currency="RUB")}
    assert house.send("GET", "/v9/shops/1").body == drawing(500)


def test_each_status_has_its_own_drawing():
    drawings = [drawing(status) for status in (500, 501, 502, 503, 504)]
    assert len(set(drawings)) == 5
    assert all(8 <= len(one.splitlines()) <= 20 and one.isascii() for one in drawings)


def test_a_status_without_a_drawing_gets_the_cat_of_500():
    assert Cats().body(599) == drawing(500)


def test_cats_come_from_the_configured_directory(tmp_path):
    (tmp_path / "500.txt").write_text("мяу\n")
    house = House(tmp_path, env={"CAPI_GATEWAY_CATS_DIRECTORY": tmp_path})
    house.platform.answers["get_shop_by_id"] = Unexpected()
    answer = house.send("GET", "/v9/shops/1")
    assert answer.body.decode() == "мяу\n"
    assert int(answer.headers["content-length"]) == len("мяу\n".encode())
    house.platform.answers["get_shop_by_id"] = Unavailable()
    assert house.send("GET", "/v9/shops/1").body.decode() == "мяу\n"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_directory_without_a_readable_cat_still_has_one(tmp_path, content):
    if content is not None:
        (tmp_path / "500.txt").write_bytes(content)
    assert Cats(tmp_path).body(500) == LAST_CAT


def test_a_crash_of_the_gateways_own_parts_is_a_cat(house, monkeypatch):
    def crash(*_):
        raise KeyError("secret")

    monkeypatch.setattr(house.gateway._pipeline._routes, "find", crash)
    answer = house.send("GET", "/v9/shops/1")
    assert (answer.status, answer.body) == (500, drawing(500))
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_cat_in_answer_to_head_is_its_headers_only(house, monkeypatch):
    monkeypatch.setattr(house.gateway._pipeline._routes, "find", lambda path: 1 / 0)
    answer = ask(house.gateway, "HEAD", "/v9/shops/1")
    assert (answer.status, answer.body, int(answer.headers["content-length"])) == (500, b"", len(drawing(500)))


@pytest.mark.parametrize("target", ["/v9/nowhere", "/v9/shops?limit=x", "/v9/categories/404", "/v9/categories/400"])
def test_an_answer_below_500_never_carries_a_cat(house, target):
    answer = house.send("GET", target)
    assert answer.status in (400, 404)
    assert b"/\\" not in answer.body and answer.headers.get("content-type") != "text/plain; charset=utf-8"


def test_more_requests_at_a_time_than_allowed_are_503_and_a_cat(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_REQUESTS_IN_FLIGHT_MAX": 0})
    answer = ask(house.gateway, "GET", "/v9/shops")
    assert (answer.status, answer.body) == (503, drawing(503))
