"""Own answers outside the published spec: counted, refused in strict mode, found by tests."""

import pytest
from gateway_kit import House

from capi_v2.conventions import CONVENTIONS
from rpc.protocol import base, payment_processing
from translator.answers import AnswerOutsideSpec, validate_response
from translator.errors import Problem, PublicError
from translator.reply import Reply

JSON = {"Content-Type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({}, b"Missing required property: id."),
        ({"id": 1}, b"Wrong type. Path to item: id"),
        (None, b"its body is missing"),
        (Problem("ambiguousPartyID", "x"), b"Not in enum. Path to item: code"),
        (Problem("x", "x", 418), b"status 418 is not documented"),
    ],
)
def test_an_answer_outside_the_spec_is_500_in_strict_mode_and_logged_otherwise(tmp_path, log_lines, answer, fault):
    strict, lax = House(tmp_path), House(tmp_path, responses="count")
    for house in (strict, lax):
        house.platform.answers["get_shop_by_id"] = answer
    assert strict.send("GET", "/v9/shops/1").status == 500
    assert lax.send("GET", "/v9/shops/1").status in (200, 400, 418)
    lines = [line for line in log_lines if b"http.answer_outside_spec" in line]
    assert len(lines) == 2 and all(fault in line for line in lines)


def test_the_check_of_answers_is_also_a_setting(tmp_path):
    house = House(tmp_path, responses="count", env={"CAPI_GATEWAY_RESPONSE_CHECK": "true"})
    house.platform.answers["get_shop_by_id"] = {}
    assert house.send("GET", "/v9/shops/1").status == 500


def test_a_read_only_property_may_stand_in_an_answer(house):
    answers = {one.operation_id: one for one in house.gateway.operations}["createShop"].answers
    assert answers[201].is_valid({"id": "1"})


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, JSON, b'{"id":"1"}'),
        (404, JSON, b'{"message":"x"}'),
        (401, {}, b""),
        (500, {"Content-Type": "text/plain; charset=utf-8"}, b"cat"),
    ],
)
def test_an_answer_of_the_spec_is_found_good(house, status, headers, body):
    validate_response(house.gateway.operations, "getShopByID", status, headers, body)


@pytest.mark.parametrize(
    ("operation_id", "status", "headers", "body"),
    [
        ("getShop", 200, JSON, b"{}"),
        ("getShopByID", 200, JSON, b"{}"),
        ("getShopByID", 200, JSON, b'{"id":"1","id":"2"}'),
        ("getShopByID", 200, {}, b'{"id":"1"}'),
        ("getShopByID", 200, {**JSON, "Content-Length": "3"}, b'{"id":"1"}'),
        ("getShopByID", 200, {}, b""),
        ("getShopByID", 201, JSON, b'{"id":"1"}'),
        ("getShopByID", 401, JSON, b"{}"),
        ("getShopByID", 500, JSON, b"{}"),
    ],
)
def test_any_other_answer_is_found_out(house, operation_id, status, headers, body):
    with pytest.raises(AnswerOutsideSpec):
        validate_response(house.gateway.operations, operation_id, status, headers, body)


def test_a_row_answers_for_an_exception(house):
    house.platform.answers["get_shop_by_id"] = payment_processing.InvoiceNotFound()
    answer = house.send("GET", "/v9/shops/1")
    assert (answer.status, answer.json) == (404, {"message": "Invoice not found"})


def test_a_row_beside_the_operation_wins_over_the_table(house):
    house.platform.answers["suspend_shop"] = payment_processing.InvoiceNotFound()
    answer = house.send("PUT", "/v9/shops/1/suspend")
    assert (answer.status, answer.json) == (400, {"code": "invalidShopID", "message": "No such shop"})


def test_a_row_may_word_its_message_from_the_exception():
    row = PublicError(400, "invalidRequest", lambda problem: "\n".join(problem.errors))
    reply = CONVENTIONS.row(row, base.InvalidRequest(errors=["a", "b"]), None)
    assert reply == Reply(400, {"code": "invalidRequest", "message": "a\nb"})


@pytest.mark.parametrize(
    ("row", "body"),
    [
        (PublicError(401), None),
        (PublicError(429, message="limit"), {"message": "limit"}),
        (PublicError(400, "x"), {"code": "x", "message": ""}),
    ],
)
def test_the_body_of_a_row_is_what_it_says(row, body):
    assert CONVENTIONS.row(row, None, None).body == body


def test_an_operation_may_say_that_something_is_absent(house):
    answer = house.send("GET", "/v9/categories/404")
    assert (answer.status, answer.json) == (404, {"message": "Category not found"})


def test_an_operation_may_refuse_what_only_it_understands(house):
    answer = house.send("GET", "/v9/categories/400")
    assert (answer.status, answer.json) == (400, {"code": "invalidRequest", "message": "No category has this number"})


def test_of_good_answers_the_first_and_then_one_in_so_many_is_looked_at_where_they_are_only_counted(
    tmp_path, log_lines
):
    house = House(tmp_path, responses="count", env={"CAPI_GATEWAY_RESPONSE_CHECK_ONE_IN": 3})
    house.platform.answers["get_shop_by_id"] = {"id": 1}
    seen = []
    for _ in range(7):
        house.send("GET", "/v9/shops/1")
        seen.append(sum(b"http.answer_outside_spec" in line for line in log_lines))
    assert seen == [1, 1, 1, 2, 2, 2, 3]
