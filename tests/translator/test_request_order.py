"""What answers first (contract section 3.1), one request wrong in several ways at a time."""

import pytest
from gateway_kit import JSON, House, ask

GOOD = {"name": "abc", "currency": "RUB"}


def violation(answer):
    return answer.json["message"].removeprefix("Request parameter: ")


@pytest.mark.parametrize(
    "header", [None, "", "Basic abc", "Bearer", "Bearer ", "bearer abc", "Token abc", "Bearer a b"]
)
def test_without_a_bearer_header_it_is_401_before_anything_else(house, header):
    answer = house.send(
        "POST",
        "/v9/shops",
        body=b"{",
        headers={"authorization": header, "x-request-id": None, "accept": "text/html", "content-type": "text/plain"},
    )
    assert (answer.status, answer.body, answer.headers["www-authenticate"]) == (401, b"", "")
    assert "content-type" not in answer.headers


def test_a_bad_token_is_found_only_after_the_parameters(house):
    bad = {"authorization": "Bearer nonsense"}
    missing_id = house.send("GET", "/v9/shops?limit=0", headers={**bad, "x-request-id": None})
    bad_limit = house.send("GET", "/v9/shops?limit=0", headers=bad)
    bad_deadline = house.send("GET", "/v9/shops?limit=1", headers={**bad, "x-request-deadline": "soon"})
    bad_token = house.send("GET", "/v9/shops?limit=1", headers=bad)
    assert violation(missing_id) == "X-Request-ID, error type: not_found"
    assert violation(bad_limit) == "limit, error type: wrong_size"
    assert bad_deadline.json["code"] == "invalidDeadline"
    assert (bad_token.status, bad_token.body) == (401, b"")
    assert "www-authenticate" not in bad_token.headers


def test_parameters_are_checked_in_the_order_of_the_spec(house):
    target, body = "/v9/shops/" + "x" * 41, {"toolType": "Cash"}
    headers = {"x-request-id": "x" * 33, "x-request-deadline": "x" * 41}
    assert violation(house.send("PUT", target, json=body, headers=headers)).startswith("X-Request-ID")
    headers["x-request-id"] = "1"
    assert violation(house.send("PUT", target, json=body, headers=headers)).startswith("X-Request-Deadline")
    headers["x-request-deadline"] = "1s"
    assert violation(house.send("PUT", target, json=body, headers=headers)).startswith("shopID")
    assert violation(house.send("PUT", "/v9/shops/x", json=body, headers=headers)).startswith("Tool")


@pytest.mark.parametrize("request_id", ["", " "])
def test_an_empty_request_id_is_of_wrong_length(house, request_id):
    answer = house.send("GET", "/v9/shops?limit=1", headers={"x-request-id": request_id})
    assert violation(answer) == "X-Request-ID, error type: wrong_length"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "limit, error type: not_found"),
        ("limit=1&limit=2", "limit, error type: wrong_type"),
        ("limit=%", "limit, error type: wrong_body, description: Invalid query"),
        ("limit=1&x=%ff", "limit, error type: wrong_body, description: Invalid query"),
        ("limit=1&status=%00", "limit, error type: wrong_body, description: Invalid query"),
        ("limit=%2B1", "limit, error type: wrong_type"),
        ("limit=1&geoIDs=1;2", "geoIDs, error type: wrong_array"),
        ("limit=1&tag=", "tag, error type: wrong_array"),
    ],
)
def test_a_query_is_read_strictly(house, query, expected):
    answer = house.send("GET", f"/v9/shops?{query}")
    assert (answer.status, violation(answer)) == (400, expected)


def test_a_query_may_hold_what_the_spec_does_not_know(house):
    house.platform.answers["get_shops"] = []
    assert house.send("GET", "/v9/shops?&utm=1&limit=%31&tag=a&tag=b+c&=x").status == 200
    assert house.platform.calls[0][2]["tag"] == ["a", "b c"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("", 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/json;charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("text/html, application/json;q=0.1", 200),
        ("text/html", 406),
        ("application/xml, text/*", 406),
        ("application/json;q=0, */*", 406),
        ("*/*;q=0", 406),
        ("application/json;q=x", 406),
        (",,;;", 406),
    ],
)
def test_an_answer_that_the_caller_would_not_take_is_406(house, accept, status):
    house.platform.answers["get_shops"] = []
    answer = house.send("GET", "/v9/shops?limit=1", headers={"accept": accept})
    assert (answer.status, bool(answer.body)) == (status, status == 200)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (JSON, 201),
        ("application/json;charset=UTF-8", 201),
        ('Application/JSON; Charset="utf-8"', 201),
        ("application/json", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=utf-8; charset=utf-16", 415),
        ("application/json; charset=utf-8; profile=x", 415),
        ("text/plain; charset=utf-8", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("json", 415),
        ("application/json; charset", 415),
        ("\xff\xfe", 415),
        (None, 415),
    ],
)
def test_a_body_of_another_type_than_the_spec_consumes_is_415(house, content_type, status):
    answer = house.send("POST", "/v9/shops", json=GOOD, headers={"content-type": content_type})
    assert (answer.status, bool(answer.body)) == (status, status == 201)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_body_is_415(house, encoding):
    assert house.send("POST", "/v9/shops", json=GOOD, headers={"content-encoding": encoding}).status == 415


def test_a_request_without_a_body_needs_no_content_type(house):
    assert house.send("PUT", "/v9/shops/1/suspend").status == 202
    answer = house.send("POST", "/v9/shops")
    assert violation(answer) == "ShopParams, error type: not_found"


def test_a_body_where_the_spec_has_none_is_ignored(house):
    house.platform.answers["get_shops"] = []
    assert house.send("GET", "/v9/shops?limit=1", body=b"\xff{", headers={"content-type": "x/y"}).status == 200
    assert house.send("PUT", "/v9/shops/1/suspend", json={"a": 1}).status == 202
    assert house.send("DELETE", "/v9/shops/1", body=b"x").status == 204


def test_an_operation_of_another_process_is_501_with_a_cat_before_its_token_is_asked_for(tmp_path):
    house = House(tmp_path, without_tags=["Tokens"])
    answer = ask(house.gateway, "POST", "/v9/tokens")
    assert (answer.status, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
    assert house.send("PUT", "/v9/shops/1/suspend").status == 202


def test_only_a_tag_leaves_the_others_to_another_process(tmp_path):
    house = House(tmp_path, only_tags=["Tokens"])
    assert house.send("POST", "/v9/tokens", json={"toolType": "Card", "number": "4242"}).status == 201
    assert house.send("PUT", "/v9/shops/1/suspend").status == 501
    assert house.send("POST", "/v9/nowhere").status == 404


def test_the_answer_carries_the_request_id(house):
    assert house.send("PUT", "/v9/shops/1/suspend", headers={"x-request-id": "abc"}).headers["x-request-id"] == "abc"


def test_every_answer_may_be_read_by_any_page(house):
    for method, target in [("GET", "/v9/nowhere"), ("PUT", "/v9/shops/1/suspend"), ("POST", "/v9/shops")]:
        answer = house.send(method, target, headers={"origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_preflight_is_answered_without_a_token(house):
    answer = ask(
        house.gateway,
        "OPTIONS",
        "/v9/shops",
        [("origin", "https://shop.example"), ("access-control-request-method", "POST")],
    )
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert set(answer.headers["access-control-allow-headers"].split(", ")) == {
        "x-requested-with",
        "content-type",
        "accept",
        "authorization",
        "x-request-id",
        "x-request-deadline",
    }


def test_a_preflight_of_an_unknown_path_is_404(house):
    assert ask(house.gateway, "OPTIONS", "/v9/nowhere").status == 404


def test_without_an_origin_setting_there_are_no_cors_headers(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_CORS_ORIGIN": ""})
    answer = ask(house.gateway, "OPTIONS", "/v9/shops")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_one_line_is_logged_per_request(house, log_lines):
    house.send("PUT", "/v9/shops/1/suspend", headers={"x-request-id": "abc"})
    (line,) = [line for line in log_lines if b'"http.request"' in line]
    for part in (
        b'"operation":"suspendShop"',
        b'"status":202',
        b'"request_id":"abc"',
        b'"party":"party-1"',
        b'"trace_id":"',
    ):
        assert part in line


def test_the_trace_of_amazon_is_found_in_the_log(house, log_lines):
    house.send("PUT", "/v9/shops/1/suspend", headers={"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793"})
    assert b'"x_amzn_trace_id":"Root=1-5759e988-bd862e3fe1be46a994272793"' in log_lines[-1]


def test_neither_token_nor_body_is_logged(house, log_lines):
    house.platform.answers["create_shop"] = RuntimeError("secret 4242424242424242")
    house.send("POST", "/v9/shops", json={**GOOD, "holder": "Ann Lee"})
    text = b"".join(log_lines)
    assert house.token.encode() not in text and b"Ann Lee" not in text and b"4242424242424242" not in text
