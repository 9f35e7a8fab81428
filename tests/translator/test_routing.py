"""Paths and methods: what is not in the spec is 404 or 405, whoever asks."""

import pytest
from gateway_kit import ask

from translator.routes import Routes

NOT_FOUND = [
    b"/",
    b"/v9",
    b"/v9/",
    b"/v9/shop",
    b"/v9/shops/",
    b"/v9//shops",
    b"//v9/shops",
    b"/V9/shops",
    b"/v9/shops/a/b",
    b"/v9/shops//suspend",
    b"/v9/shops/%",
    b"/v9/shops/%4",
    b"/v9/shops/%zz",
    b"/v9/shops/%ff",
    b"/v9/shops/%c0%af",
    b"/v9/shops/%ed%a0%80",
    b"/v9/shops/\xff",
    "/v9/shops/é".encode(),
    b"*",
    b"",
    b"http://host",
    b"ftp://host/v9/shops/1",
]


@pytest.mark.parametrize("target", NOT_FOUND)
def test_a_path_outside_the_spec_is_404_and_empty(house, target):
    answer = ask(house.gateway, "GET", target)
    assert (answer.status, answer.body) == (404, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    ("raw", "shop_id"),
    [
        (b"abc", "abc"),
        (b"%d0%b0", "\u0430"),
        (b"a%20b", "a b"),
        (b"a+b", "a+b"),
        (b"a:b@c", "a:b@c"),
        (b"%41", "A"),
        (b"a%2Fb", "a/b"),
        (b"%2e%2e", ".."),
        (b".", "."),
        (b"%0a", "\n"),
        (b"%252F", "%2F"),
    ],
)
def test_a_path_parameter_is_decoded_once(house, raw, shop_id):
    house.platform.answers["get_shop_by_id"] = lambda call: {"id": "1"}
    assert house.send("GET", b"/v9/shops/" + raw).status == 200
    assert house.platform.calls[0][2] == {"shop_id": shop_id}


def test_a_path_parameter_holds_no_nul(house):
    answer = house.send("GET", b"/v9/shops/a%00")
    assert answer.json["message"] == "Request parameter: shopID, error type: wrong_type"


def test_a_target_in_absolute_form_is_the_same_path(house):
    house.platform.answers["get_shop_by_id"] = {"id": "1"}
    assert house.send("GET", "http://api.example.com/v9/shops/1").status == 200


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("DELETE", "/v9/shops", "GET, POST, OPTIONS"),
        ("HEAD", "/v9/shops", "GET, POST, OPTIONS"),
        ("PATCH", "/v9/shops/1", "GET, PUT, DELETE, OPTIONS"),
        ("TRACE", "/v9/shops/1/suspend", "PUT, OPTIONS"),
        ("BREW", "/v9/shops/1", "GET, PUT, DELETE, OPTIONS"),
        ("get", "/v9/shops/1", "GET, PUT, DELETE, OPTIONS"),
    ],
)
def test_a_method_outside_the_spec_is_405_with_every_method_of_the_path(house, method, target, allow):
    answer = ask(house.gateway, method, target)
    assert (answer.status, answer.body, answer.headers["allow"]) == (405, b"", allow)


def test_a_literal_segment_wins_over_a_parameter_and_gives_way_when_it_leads_nowhere():
    routes = Routes("/b", [("/a/{x}", "GET", 1), ("/a/me", "GET", 2), ("/a/{x}/c", "GET", 3)])
    assert [routes.find(path)[0].methods["GET"] for path in (b"/b/a/1", b"/b/a/me", b"/b/a/me/c")] == [1, 2, 3]


@pytest.mark.parametrize("other", ["/a/{y}", "/a/{x}"])
def test_two_templates_that_match_the_same_path_are_refused(other):
    with pytest.raises(ValueError, match="same path"):
        Routes("", [("/a/{x}", "GET", 1), (other, "GET", 2)])
