"""The headers table of v3, a test a rule; on a small spec, through the whole gateway."""

import json
import re

import pytest
from gateway_kit import PARTY, ask
from modern_kit import DIGEST, modern_house

from capi_v3.__main__ import answers
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import base
from settings import load

PRICE = {"name": "a", "price": {"amount": 1, "currency": "EUR"}}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
KEY = {"idempotency-key": "key-1"}


@pytest.fixture
def house(tmp_path):
    return modern_house(tmp_path)


def pay(house, **headers):
    given = {"idempotency-key": "key-1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return house.send("POST", "/v9/things/1/payments", json={}, headers=given)


def problem(answer, status, code):
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json
    assert (body["status"], body["code"], body["type"]) == (status, code, f"{load(env={}).docs_url()}/problems/{code}/")
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body["instance"] == "urn:request:" + answer.headers["x-request-id"]
    assert body["title"]
    return body


# Authorization


def test_without_a_token_the_caller_is_told_how_to_sign_in(house):
    answer = house.send("GET", "/v9/things/1", headers={"authorization": None})
    problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="v3"'


def test_a_bad_token_is_told_before_anything_else_is_looked_at(house):
    answer = house.send("POST", "/v9/things?x=1", body=b"{", headers={"authorization": "Bearer x.y.z"})
    problem(answer, 401, "unauthorized")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_without_the_role_is_told_which_one_is_needed(house):
    token = house.tokens.issue(PARTY, ("party:read",), lifetime_s=None)[0]
    answer = house.send("POST", "/v9/things", json=PRICE, headers={"authorization": f"Bearer {token}"})
    body = problem(answer, 403, "forbidden")
    assert body["scope"] == "party:write"
    assert "party:write" in body["detail"]
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_what_belongs_to_another_party_does_not_exist(house):
    house.platform.before["Get"] = base.AccessDenied()
    assert problem(house.send("GET", "/v9/things/1"), 404, "not-found")["detail"] == "No such thing"
    house.platform.before["Update"] = base.AccessDenied()
    answer = house.send("PATCH", "/v9/things/1", json={}, headers={**MERGE_PATCH, "if-match": "*"})
    problem(answer, 404, "not-found")


# X-Request-ID


@pytest.mark.parametrize("given", ["r", "r" * 128])
def test_a_request_id_is_sent_back(house, given):
    assert house.send("GET", "/v9/things/1", headers={"x-request-id": given}).headers["x-request-id"] == given


def test_a_request_id_is_made_when_absent(house):
    answers = [house.send("GET", "/v9/things/1", headers={"x-request-id": None}) for _ in range(2)]
    made = {answer.headers["x-request-id"] for answer in answers}
    assert len(made) == 2
    assert all(1 <= len(one) <= 128 for one in made)


@pytest.mark.parametrize("given", ["r" * 129, "a b", "\xe9"])
def test_a_request_id_outside_its_rules_is_refused_under_a_new_one(house, given):
    answer = house.send("GET", "/v9/things/1", headers={"x-request-id": given})
    assert problem(answer, 400, "invalid-request")["violations"][0]["pointer"] == "/X-Request-ID"
    assert answer.headers["x-request-id"] != given


# problems


def test_all_violations_stand_in_one_answer(house):
    answer = house.send("POST", "/v9/things?colour=red", json={"price": {"amount": 0, "currency": "e"}, "x": 1})
    body = problem(answer, 400, "invalid-request")
    assert [(one["in"], one["pointer"], one["rule"]) for one in body["violations"]] == [
        ("query", "/colour", "unknown"),
        ("body", "/name", "required"),
        ("body", "/price/amount", "exclusiveMinimum"),
        ("body", "/price/currency", "pattern"),
        ("body", "/x", "unknown"),
    ]
    assert body["violations"][3]["expected"] == "^[A-Z]{3}$"
    assert body["violations"][3]["got"] == '"e"'
    assert body["detail"] == "5 rules are broken"
    assert (body["retryable"], body["moneyMoved"]) == (False, "no")


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "code"),
    [
        ("GET", "/v9/nowhere", {}, 404, "not-found"),
        ("PUT", "/v9/things", {}, 405, "method-not-allowed"),
        ("GET", "/v9/things/1", {"accept": "text/html"}, 406, "not-acceptable"),
        ("POST", "/v9/things", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
        ("PATCH", "/v9/things/1", {"content-type": "application/json"}, 415, "unsupported-media-type"),
    ],
)
def test_what_http_itself_refuses_is_a_problem_too(house, method, target, headers, status, code):
    problem(house.send(method, target, body=b"{}" if method != "GET" else b"", headers=headers), status, code)


def test_a_method_that_is_not_there_is_told_which_are(house):
    assert "POST" in house.send("PUT", "/v9/things").headers["allow"]


def test_a_body_beyond_the_limit_is_413(tmp_path):
    house = modern_house(tmp_path, CAPI_GATEWAY_BODY_BYTES_MAX=100)
    problem(house.send("POST", "/v9/things", body=b" " * 200), 413, "body-too-large")


# failures of ours: cats with headers


@pytest.mark.parametrize(("failure", "status"), [(Unavailable(), 503), (Unknown(), 504), (Unexpected(), 500)])
def test_a_failure_of_ours_is_a_cat_that_tells_a_machine_what_it_must_know(house, failure, status):
    house.platform.before["Get"] = failure
    answer = house.send("GET", "/v9/things/1")
    assert answer.status == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["money-moved"] == "no"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["x-request-id"] == "req-1"


def test_a_crash_behind_the_moving_of_money_does_not_say_that_none_moved(house):
    house.platform.after["Pay"] = Unexpected()
    answer = pay(house)
    assert (answer.status, answer.headers["money-moved"]) == (500, "unknown")


def test_a_crash_before_the_moving_of_money_says_that_none_moved(house):
    house.platform.before["Get"] = Unexpected()
    answer = pay(house)
    assert (answer.status, answer.headers["money-moved"]) == (500, "no")


# Request-Deadline


@pytest.mark.parametrize("given", ["10s", "500ms", "2026-03-01T12:00:10Z", "2026-03-01T14:00:10+02:00"])
def test_a_deadline_travels_to_the_inner_calls(house, given):
    house.send("GET", "/v9/things/1", headers={"request-deadline": given})
    wanted = 500 if given == "500ms" else 10_000
    assert house.platform.deadlines[-1].remaining_ms(house.clock()) == wanted


@pytest.mark.parametrize("given", ["soon", "10h", "10", "2026-03-01T12:00:10"])
def test_a_deadline_of_another_form_is_a_violation(house, given):
    body = problem(house.send("GET", "/v9/things/1", headers={"request-deadline": given}), 400, "invalid-request")
    assert [(one["in"], one["pointer"]) for one in body["violations"]] == [("header", "/Request-Deadline")]


@pytest.mark.parametrize("given", ["0s", "2026-03-01T11:59:59Z"])
def test_past_the_deadline_nothing_is_begun(house, given):
    answer = pay(house, request_deadline=given)
    assert (answer.status, answer.headers["money-moved"]) == (503, "no")
    assert house.platform.asked == []
    assert house.platform.keys.said == []


@pytest.mark.parametrize("failure", [Unknown("deadline reached", is_impatience=True), Unknown("reset")])
def test_once_money_may_have_moved_the_answer_is_202_and_where_to_ask(house, failure):
    house.platform.after["Pay"] = failure
    answer = pay(house)
    assert answer.status == 202
    assert (
        answer.json
        == {
            "object": "operationUnderWay",
            "status": "unknown",
            "moneyMoved": "unknown",
            "statusUrl": "/v3/idempotency-keys/key-1",
            "requestId": "req-1",
            "id": "1",
        }
        or "id" not in answer.json
    )
    assert answer.headers["location"] == "/v3/idempotency-keys/key-1"
    assert int(answer.headers["retry-after"]) > 0


def test_a_failure_before_the_first_effect_is_no_202(house):
    house.platform.before["Get"] = Unknown()
    answer = pay(house)
    assert (answer.status, answer.headers["money-moved"]) == (503, "no")


# ETag, If-None-Match, If-Match


def test_a_single_object_has_a_tag_that_begins_with_its_version(house):
    house.platform.things["1"] = {"id": "1", "version": 7}
    answer = house.send("GET", "/v9/things/1")
    assert (answer.status, re.fullmatch(r'"7-[0-9a-f]{16}"', answer.headers["etag"]) is not None) == (200, True)
    house.platform.things["2"] = {"id": "2"}
    assert re.fullmatch(r'"[0-9a-f]{16}"', house.send("GET", "/v9/things/2").headers["etag"])
    house.platform.answers["List"] = {"data": []}
    assert "etag" not in house.send("GET", "/v9/things").headers


@pytest.mark.parametrize("known", ["{}", "W/{}", '"1", {}', "*"])
def test_what_the_caller_has_is_not_sent_again(house, known):
    house.platform.things["1"] = {"id": "1", "version": 7}
    tag = house.send("GET", "/v9/things/1").headers["etag"]
    answer = house.send("GET", "/v9/things/1", headers={"if-none-match": known.format(tag)})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("known", ['"6"', "7", '"7"', '"77"'])
def test_what_the_caller_has_not_is_sent(house, known):
    house.platform.things["1"] = {"id": "1", "version": 7}
    assert house.send("GET", "/v9/things/1", headers={"if-none-match": known}).status == 200


def test_an_answer_that_changed_without_the_object_is_sent(house):
    house.platform.things["1"] = {"id": "1", "version": 7}
    first = house.send("GET", "/v9/things/1?expand=parts")
    house.platform.things["1"] = {"id": "1", "version": 7, "parts": [1]}
    again = house.send("GET", "/v9/things/1?expand=parts", headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.json["parts"]) == (200, [1])


def test_an_update_must_say_which_version_it_saw(house):
    answer = house.send("PATCH", "/v9/things/1", json={}, headers=MERGE_PATCH)
    problem(answer, 428, "precondition-required")
    assert house.platform.asked == []


def test_an_update_holds_the_object_to_the_version_that_was_seen(house):
    for known in ('"7-0123456789abcdef"', '"7"', "*"):
        house.send("PATCH", "/v9/things/1", json={}, headers={**MERGE_PATCH, "if-match": known})
    assert [arguments["if_revision"] for _, arguments in house.platform.asked] == [7, 7, None]


@pytest.mark.parametrize("given", ['W/"7"', '"x"', '"1", "2"', "7", '"0123456789abcdef"'])
def test_a_tag_that_no_version_has_matches_nothing(house, given):
    answer = house.send("PATCH", "/v9/things/1", json={}, headers={**MERGE_PATCH, "if-match": given})
    problem(answer, 412, "version-mismatch")
    assert house.platform.asked == []


def test_where_the_spec_does_not_ask_for_it_if_match_may_be_left_out(house):
    assert house.send("DELETE", "/v9/things/1").status == 204
    assert house.send("DELETE", "/v9/things/1", headers={"if-match": '"3"'}).status == 204
    assert [arguments["if_revision"] for _, arguments in house.platform.asked] == [None, 3]


# RateLimit


def test_every_answer_tells_the_limit_of_its_kind(tmp_path):
    house = modern_house(tmp_path, CAPI_GATEWAY_READS_PER_S_MAX=1, CAPI_GATEWAY_MONEY_REQUESTS_PER_S_MAX=2)
    answer = house.send("GET", "/v9/things/1")
    assert answer.headers["ratelimit-policy"] == '"read";q=10;w=10'
    assert answer.headers["ratelimit"] == '"read";r=9;t=1'
    assert pay(house).headers["ratelimit-policy"] == '"money";q=20;w=10'
    refused = house.send("GET", "/v9/things/1?x=1")
    assert (refused.status, refused.headers["ratelimit"]) == (400, '"read";r=8;t=1')
    assert "ratelimit" not in house.send("GET", "/v9/things/1", headers={"authorization": None}).headers


def test_beyond_the_limit_the_caller_is_told_which_one_and_when_to_come_back(tmp_path):
    house = modern_house(tmp_path, CAPI_GATEWAY_READS_PER_S_MAX=1)
    answers = [house.send("GET", "/v9/things/1") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    body = problem(answers[-1], 429, "too-many-requests")
    assert (body["policy"], body["retryAfter"], body["retryable"]) == ("read", 1, True)
    assert answers[-1].headers["retry-after"] == "1"


def test_limits_are_by_party_and_kind(tmp_path):
    house = modern_house(tmp_path, CAPI_GATEWAY_READS_PER_S_MAX=1)
    for _ in range(11):
        answer = house.send("GET", "/v9/things/1")
    assert answer.status == 429
    assert house.send("POST", "/v9/things", json=PRICE).status == 201
    other = house.tokens.issue("party-2", ("invoices:read",), lifetime_s=None)[0]
    assert house.send("GET", "/v9/things/1", headers={"authorization": f"Bearer {other}"}).status == 200


# Link, Location, and the headers of all answers


def test_a_list_that_has_more_links_to_its_next_piece(house):
    house.platform.answers["List"] = {"data": [], "nextCursor": "b/c="}
    answer = house.send("GET", "/v9/things?limit=2&after=a&status=open")
    assert answer.headers["link"] == '</v9/things?limit=2&status=open&after=b%2Fc%3D>; rel="next"'
    house.platform.answers["List"] = {"data": []}
    assert "link" not in house.send("GET", "/v9/things").headers


def test_what_was_made_is_named_by_its_location(house):
    answer = house.send("POST", "/v9/things", json=PRICE)
    assert answer.headers["location"] == f"/v9/things/{answer.json['id']}"


@pytest.mark.parametrize("target", ["/v9/things/1", "/v9/nowhere", "/v9/things?x=1"])
def test_every_answer_says_which_spec_it_keeps(house, target):
    headers = house.send("GET", target).headers
    assert (headers["api-version"], headers["api-spec-digest"]) == ("v3", DIGEST)
    assert headers["cache-control"] == "private, no-cache"


def test_a_page_may_read_the_headers_that_tell_things(house):
    answer = ask(house.gateway, "OPTIONS", "/v9/things/1/payments")
    assert b"idempotency-key" in answer.headers["access-control-allow-headers"].encode()
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "idempotency-replayed" in answer.headers["access-control-expose-headers"]


def test_a_payer_cannot_use_up_what_the_merchant_may_send(tmp_path):
    house = modern_house(tmp_path, CAPI_GATEWAY_READS_PER_S_MAX=1)
    payer = house.tokens.issue(PARTY, ("invoices.1:read",), lifetime_s=60, consumer="client")[0]
    answers = [house.send("GET", "/v9/things/1", headers={"authorization": f"Bearer {payer}"}) for _ in range(11)]
    assert answers[-1].status == 429
    assert house.send("GET", "/v9/things/1").status == 200


# What no operation answers


def test_a_request_that_cannot_be_read_is_a_problem():
    headers, body = answers(load(env={}))(431)
    problem = json.loads(body)
    assert (problem["status"], problem["code"], problem["moneyMoved"]) == (431, "invalid-request", "no")
    assert dict(headers)[b"x-request-id"].decode() == problem["requestId"]
    assert dict(headers)[b"content-type"] == b"application/problem+json"


@pytest.mark.parametrize(("status", "moved"), [(503, b"no"), (500, b"unknown")])
def test_a_process_that_fails_as_a_whole_says_so_honestly(status, moved):
    headers, body = answers(load(env={}))(status)
    assert (dict(headers)[b"money-moved"], dict(headers)[b"api-version"]) == (moved, b"v3")
    assert b"retry-after" in dict(headers)
    assert str(status).encode() in body
