"""Idempotency-Key: what a merchant may rely on when a request is repeated."""

import dataclasses

import pytest
from gateway_kit import PARTY
from modern_kit import SECRET, modern_house

from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import idempotency, payment_processing
from translator.idempotency_keys import POINTERS_MAX, IdempotencyKeys, stored_key

PRICE = {"name": "a", "price": {"amount": 1, "currency": "EUR"}}


@pytest.fixture
def house(tmp_path):
    return modern_house(tmp_path)


def make(house, body=None, key="key-1", **headers):
    return house.send("POST", "/v9/things", json=body or PRICE, headers={"idempotency-key": key, **headers})


def pay(house, key="key-1", target="/v9/things/1/payments", body=None):
    return house.send("POST", target, json=body or {}, headers={"idempotency-key": key})


def row(house, key="key-1"):
    return house.platform.keys.rows.get((PARTY, key))


def test_the_same_request_again_gets_the_first_answer(house):
    first, again = make(house), make(house)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(house.platform.things) == 1


def test_the_order_of_fields_and_the_request_id_mean_nothing(house):
    first = make(house, {"name": "a", "price": {"amount": 1, "currency": "EUR"}})
    again = make(house, {"price": {"currency": "EUR", "amount": 1}, "name": "a"}, **{"x-request-id": "other"})
    assert again.body == first.body


def test_another_key_is_another_thing(house):
    assert make(house, key="a").json["id"] != make(house, key="b").json["id"]


def test_without_a_key_a_repeat_is_another_request(house):
    first, again = make(house, **{"idempotency-key": None}), make(house, **{"idempotency-key": None})
    assert first.json["id"] != again.json["id"]
    assert house.platform.keys.said == []


def test_what_can_move_money_needs_a_key(house):
    answer = house.send("POST", "/v9/things/1/payments", json={})
    assert answer.status == 400
    assert answer.json["violations"] == [
        {"pointer": "/Idempotency-Key", "in": "header", "rule": "required", "expected": "a value"}
    ]
    assert house.platform.asked == []


def test_a_key_with_another_meaning_is_told_where_it_differs(house):
    make(house, {**PRICE, "parts": [{"amount": 1, "currency": "EUR"}]})
    answer = make(house, {"name": "b", "price": {"amount": 1, "currency": "USD"}, "note": None})
    body = answer.json
    assert (answer.status, body["code"], body["moneyMoved"]) == (422, "idempotency-key-reused", "no")
    assert sorted((one["in"], one["pointer"]) for one in body["violations"]) == [
        ("body", "/name"),
        ("body", "/note"),
        ("body", "/parts/0/amount"),
        ("body", "/parts/0/currency"),
        ("body", "/price/currency"),
    ]


def test_the_object_in_the_path_is_part_of_the_meaning(house):
    pay(house)
    body = pay(house, target="/v9/things/2/payments").json
    assert [(one["in"], one["pointer"]) for one in body["violations"]] == [("path", "/thingId")]


def test_a_key_used_for_another_operation_is_refused(house):
    make(house)
    answer = pay(house)
    assert (answer.status, answer.json["code"]) == (422, "idempotency-key-reused")


def test_while_the_first_is_at_work_a_repeat_is_told_to_wait(house):
    house.platform.keys.fails["Finish"] = Unknown()
    make(house)
    answer = make(house)
    body = answer.json
    assert (answer.status, body["code"], body["retryable"]) == (409, "idempotency-key-in-use", True)
    assert int(answer.headers["retry-after"]) == body["retryAfter"] > 0


def test_keys_of_two_parties_never_meet(house):
    make(house)
    token = house.tokens.issue("party-2", ("party:write",), lifetime_s=None)[0]
    other = make(house, {**PRICE, "name": "other"}, authorization=f"Bearer {token}")
    assert (other.status, other.json["name"]) == (201, "other")


def test_keys_of_a_payer_live_apart_from_the_merchants(house):
    roles = ("invoices.1:read", "invoices.1.payments:write", "payment_resources:write")
    merchant = house.tokens.identify(house.token, house.clock())
    payers = [
        house.tokens.identify(house.tokens.issue(PARTY, roles, lifetime_s=60, consumer="client")[0], house.clock())
        for _ in range(2)
    ]
    assert stored_key(merchant, "k") == "k"
    assert stored_key(payers[0], "k") == stored_key(payers[1], "k") != "k"
    assert stored_key(payers[0], "k") != stored_key(payers[0], "l")


def test_those_who_share_a_payment_link_do_not_share_their_keys(house):
    roles = ("party.*.invoice_templates.1:read", "party.*.invoice_templates.1.invoice_template_invoices:write")
    first, second = (
        house.tokens.identify(house.tokens.issue(PARTY, roles, lifetime_s=None, consumer="client")[0], house.clock())
        for _ in range(2)
    )
    assert stored_key(first, "k") == stored_key(first, "k") != stored_key(second, "k")


def test_a_payer_s_token_may_have_any_rights(house):
    roles = ("invoices.*:read", "invoices.1:write")
    token = house.tokens.issue(PARTY, roles, lifetime_s=60, consumer="client")[0]
    assert stored_key(house.tokens.identify(token, house.clock()), "k").startswith("payer:")


def test_while_a_payment_is_at_work_nobody_is_told_that_no_money_moved(house):
    house.platform.keys.fails["Finish"] = Unknown()
    pay(house)
    answer = pay(house)
    assert (answer.json["code"], answer.json["moneyMoved"]) == ("idempotency-key-in-use", "unknown")


def test_a_refusal_of_the_spec_or_of_the_scope_takes_no_key(house):
    make(house, {"name": 1})
    token = house.tokens.issue(PARTY, ("party:read",), lifetime_s=None)[0]
    assert make(house, authorization=f"Bearer {token}").status == 403
    assert house.platform.keys.said == []


def test_a_refusal_before_anything_happened_frees_the_key(house):
    house.platform.before["Pay"] = payment_processing.InvoiceNotFound()
    answer = pay(house)
    assert (answer.status, answer.json["moneyMoved"]) == (404, "no")
    assert row(house) is None
    del house.platform.before["Pay"]
    assert pay(house, body={"amount": {"amount": 1, "currency": "EUR"}}).status == 201


def test_a_refusal_after_a_doubtful_attempt_is_kept_and_does_not_say_that_no_money_moved(house):
    house.platform.before["Pay"] = Unknown()
    pay(house)
    house.platform.before["Pay"] = payment_processing.InvoiceNotFound()
    answer = pay(house)
    assert (answer.status, answer.json["moneyMoved"]) == (404, "unknown")
    assert pay(house).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("failure", [Unknown(), Unexpected(), ZeroDivisionError()])
def test_a_failure_of_ours_is_never_kept_as_the_answer(house, failure):
    house.platform.after["Pay"] = failure
    assert pay(house).status in (202, 500)
    assert row(house).answer is None
    del house.platform.after["Pay"]
    answer = pay(house)
    assert answer.status == 201
    assert house.platform.paid == {answer.json["id"]: 1}
    assert "idempotency-replayed" not in answer.headers


def test_a_failure_with_nothing_done_frees_the_key(house):
    house.platform.before["Pay"] = Unavailable()
    assert (pay(house).status, row(house)) == (503, None)


def test_a_key_that_cannot_be_noted_starts_nothing(house):
    for failure in (Unknown(), Unavailable()):
        house.platform.keys.fails["Begin"] = failure
        answer = pay(house)
        assert (answer.status, answer.headers["money-moved"]) == (503, "no")
    assert house.platform.asked == []


@pytest.mark.parametrize("failure", [Unknown(), Unavailable(), idempotency.AttemptOver()])
def test_an_answer_that_could_not_be_kept_is_given_all_the_same(house, failure):
    house.platform.keys.fails["Finish"] = failure
    first = pay(house)
    assert first.status == 201
    house.platform.keys.fails.clear()
    house.clock.advance(seconds=120)
    again = pay(house)
    assert (again.status, again.json) == (201, first.json)
    assert list(house.platform.paid.values()) == [1]


def test_what_must_be_said_of_a_key_is_said_after_the_deadline_too(house):
    pay(house)
    begun, late = house.platform.deadlines[-2], house.platform.deadlines[-1]
    assert late > begun


def test_ids_of_later_attempts_are_those_of_the_first(house):
    house.platform.before["Pay"] = Unknown()
    pay(house)
    pay(house)
    tried = {arguments["id"] for name, arguments in house.platform.asked if name == "Pay"}
    assert len(tried) == 1


def test_nothing_of_a_request_is_told_to_whoever_keeps_the_keys(house):
    make(house, {**PRICE, "note": "4242"})
    fingerprint = row(house).fingerprint
    assert set(fingerprint) == {"body:/name", "body:/note", "body:/price/amount", "body:/price/currency"}
    assert not any("4242" in digest or '"a"' in digest for digest in fingerprint.values())


def operation(house, name):
    return next(one for one in house.gateway.operations if one.operation_id == name)


def test_digests_are_keyed(house):
    arguments = {"thing_params": PRICE}
    ours = IdempotencyKeys(SECRET, None).fingerprint(operation(house, "createThing"), arguments)
    same = IdempotencyKeys(SECRET, None).fingerprint(operation(house, "createThing"), arguments)
    others = IdempotencyKeys(b"o" * 32, None).fingerprint(operation(house, "createThing"), arguments)
    assert ours == same
    assert not set(ours.values()) & set(others.values())


def test_card_data_leave_one_digest_of_all_of_it(house):
    taking_cards = operation(house, "createThing")
    taking_cards = dataclasses.replace(taking_cards, tags=("Tokens",))
    found = IdempotencyKeys(SECRET, None).fingerprint(taking_cards, {"thing_params": PRICE})
    assert set(found) == {"body:"}


def test_a_body_of_very_many_fields_is_told_apart_by_its_members(house):
    body = {**PRICE, "metadata": {str(number): "x" for number in range(POINTERS_MAX)}, "parts": []}
    found = IdempotencyKeys(SECRET, None).fingerprint(operation(house, "createThing"), {"thing_params": body})
    assert set(found) == {"body:/name", "body:/price", "body:/metadata", "body:/parts"}
