"""Bodies: one violation at a time, in its published form (contract section 3.3)."""

import pytest

GOOD = {"name": "abc", "currency": "RUB"}
READ_ONLY = 'Property that marked as "readOnly" must not be sent as part of the request'

ACCEPTED = [
    {"amount": 1},
    {"amount": 2**63 - 1},
    {"small": -(2**31)},
    {"rate": 0},
    {"rate": 0.999},
    {"dueDate": "2026-03-01T00:00:00+03:00"},
    {"phone": "not a phone: its pattern stands as a format"},
    {"cart": [{"price": 1}]},
    {"cart": [{"price": 1, "taxMode": {"type": "VAT", "rate": "20%"}}]},
    {"unknown": {"anything": [1, None]}},
    {"metadata": {}},
    {"codes": [1, 2]},
    {"limits": {"a": 1}},
    {"closed": {"a": "x"}},
    {"holder": "Ann Lee"},
    {"name": "\U0001f600" * 5},
    {"tool": {"toolType": "Card", "number": "4242"}},
    {"tool": {"toolType": "TokenizedCard", "provider": "GreenPay", "token": "t"}},
    {"tool": {"toolType": "TokenizedCard", "provider": "BluePay", "ticket": 1}},
    {"parent": {**GOOD, "parent": GOOD}},
]

REFUSED = [
    ([], "Wrong type."),
    (None, "Wrong type."),
    ("text", "Wrong type."),
    ({}, "Missing required property: name."),
    ({"name": "abc"}, "Missing required property: currency."),
    ({"name": 5}, "Missing required property: currency."),
    ({**GOOD, "name": 5}, "Wrong type. Path to item: name"),
    ({**GOOD, "name": "a"}, "Wrong length. Path to item: name"),
    ({**GOOD, "name": "abcdef"}, "Wrong length. Path to item: name"),
    ({**GOOD, "name": "a", "currency": "rub"}, "Wrong length. Path to item: name"),
    ({**GOOD, "currency": "rub"}, "No match to pattern. Path to item: currency"),
    ({**GOOD, "currency": "RUB\n"}, "No match to pattern. Path to item: currency"),
    ({**GOOD, "account": "١٢٣٤"}, "No match to pattern. Path to item: account"),
    ({**GOOD, "amount": "1"}, "Wrong type. Path to item: amount"),
    ({**GOOD, "amount": 1.0}, "Wrong type. Path to item: amount"),
    ({**GOOD, "amount": True}, "Wrong type. Path to item: amount"),
    ({**GOOD, "amount": None}, "Wrong type. Path to item: amount"),
    ({**GOOD, "amount": 0}, "Not in range. Path to item: amount"),
    ({**GOOD, "amount": 2**63}, "Wrong format. Path to item: amount"),
    ({**GOOD, "amount": 10**30}, "Wrong format. Path to item: amount"),
    ({**GOOD, "small": 2**31}, "Wrong format. Path to item: small"),
    ({**GOOD, "rate": 1}, "Not in range. Path to item: rate"),
    ({**GOOD, "open": 1}, "Wrong type. Path to item: open"),
    ({**GOOD, "open": "true"}, "Wrong type. Path to item: open"),
    ({**GOOD, "dueDate": "2026-03-01T00:00:00"}, "Wrong format. Path to item: dueDate"),
    ({**GOOD, "day": "2026-02-30"}, "Wrong format. Path to item: day"),
    ({**GOOD, "email": "nope"}, "Wrong format. Path to item: email"),
    ({**GOOD, "url": "ftp://a"}, "Wrong format. Path to item: url"),
    ({**GOOD, "uri": "nope"}, "Wrong format. Path to item: uri"),
    ({**GOOD, "ip": "1.2.3"}, "Wrong format. Path to item: ip"),
    ({**GOOD, "cart": []}, "Wrong size. Path to item: cart"),
    ({**GOOD, "cart": [{"price": 1}] * 4}, "Wrong size. Path to item: cart"),
    ({**GOOD, "cart": {}}, "Wrong type. Path to item: cart"),
    ({**GOOD, "cart": [{}]}, "Missing required property: price. Path to item: cart[0]"),
    ({**GOOD, "cart": [{"price": 1}, {"price": "2"}]}, "Wrong type. Path to item: cart[1].price"),
    ({**GOOD, "cart": [{"price": 1, "cost": 1}]}, f"{READ_ONLY}. Path to item: cart[0].cost"),
    ({**GOOD, "id": "x"}, f"{READ_ONLY}. Path to item: id"),
    ({**GOOD, "details": {"categoryID": 1}}, f"{READ_ONLY}. Path to item: details"),
    ({**GOOD, "codes": [1, 2, 1]}, "Not unique. Path to item: codes"),
    ({**GOOD, "limits": {"a": "x"}}, "Wrong type. Path to item: limits.a"),
    ({**GOOD, "limits": {"a": 1, "b": 1, "c": 1}}, "Too many properties. Path to item: limits"),
    ({**GOOD, "closed": {"b": 1}}, "Extra properties not allowed. Path to item: closed"),
    ({**GOOD, "tool": {}}, "Missing required property: toolType. Path to item: tool"),
    ({**GOOD, "tool": {"toolType": "Cash"}}, "Discriminator child schema Cash doesn't exist. Path to item: tool"),
    ({**GOOD, "tool": {"toolType": "Tool"}}, "Discriminator child schema Tool doesn't exist. Path to item: tool"),
    ({**GOOD, "tool": {"toolType": "Shop"}}, "Discriminator child schema Shop doesn't exist. Path to item: tool"),
    ({**GOOD, "tool": {"toolType": 5}}, "Wrong type. Path to item: tool.toolType"),
    ({**GOOD, "tool": {"toolType": "Card"}}, "Missing required property: number. Path to item: tool"),
    ({**GOOD, "tool": {"toolType": "Card", "number": "x"}}, "No match to pattern. Path to item: tool.number"),
    ({**GOOD, "tool": {"toolType": "TokenizedCard"}}, "Missing required property: provider. Path to item: tool"),
    (
        {**GOOD, "tool": {"toolType": "TokenizedCard", "provider": "Card", "number": "4242"}},
        "Discriminator child schema Card doesn't exist. Path to item: tool",
    ),
    (
        {**GOOD, "tool": {"toolType": "TokenizedCard", "provider": "BluePay", "token": "t"}},
        "Missing required property: ticket. Path to item: tool",
    ),
    ({**GOOD, "parent": {"name": "abc"}}, "Missing required property: currency. Path to item: parent"),
    ({**GOOD, "parent": {**GOOD, "cart": [{"price": 0}]}}, "Not in range. Path to item: parent.cart[0].price"),
]


@pytest.mark.parametrize("change", ACCEPTED, ids=str)
def test_a_body_within_the_spec_reaches_the_operation_unchanged(house, change):
    body = {**GOOD, **change}
    assert house.send("POST", "/v9/shops", json=body).status == 201
    assert house.platform.calls[0][2] == body


@pytest.mark.parametrize(("body", "description"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_body_outside_the_spec_gets_its_first_violation(house, body, description):
    answer = house.send("POST", "/v9/shops", json=body)
    message = f"Request parameter: ShopParams, error type: schema_violated, description: {description}"
    assert (answer.status, answer.json) == (400, {"code": "invalidRequest", "message": message})
    assert house.platform.calls == []


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b"", "not_found"),
        (b"{", "wrong_body, description: Invalid json"),
        (b'{"a":1,"a":2}', "wrong_body, description: Invalid json"),
        (
            b'{"name":"abc","currency":"RUB","metadata":{"n":99999999999999999999}}',
            "wrong_body, description: Number is too large",
        ),
    ],
)
def test_a_body_that_is_no_json_is_told_so(house, body, rest):
    answer = house.send("POST", "/v9/shops", body=body)
    assert answer.status == 400
    assert answer.json["message"] == f"Request parameter: ShopParams, error type: {rest}"


def test_a_body_nested_to_the_limit_is_still_explained(house):
    body = {"name": "abc"}
    for _ in range(62):
        body = {**GOOD, "parent": body}
    answer = house.send("POST", "/v9/shops", json=body)
    assert answer.json["message"].endswith("Path to item: " + ".".join(["parent"] * 62))


def test_an_optional_body_may_be_absent(house):
    assert house.send("PUT", "/v9/shops/1").json == {"id": "1", "name": "None"}
