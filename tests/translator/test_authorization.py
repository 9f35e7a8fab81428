"""The role grammar and the first-match rule (contract section 3.6)."""

import pytest
from gateway_kit import PARTY

from rpc.protocol import base
from translator.authorization import BadRole, compile_roles, compile_wanted, parse_role
from translator.schemas import SpecRefused

# roles of the token | wanted scope | read | write
TABLE = """
party:read                                              | party                       | yes | no
party:write                                             | party                       | no  | yes
party:read party:write                                  | party                       | yes | yes
party:read                                              | party.p1                    | yes | no
party.p1:read                                           | party.p1                    | yes | no
party.p1:read                                           | party.p2                    | no  | no
party.p1:read                                           | party                       | no  | no
party.*:read                                            | party.p2                    | yes | no
invoices:write                                          | invoices                    | no  | yes
invoices:write                                          | invoices.1                  | no  | yes
invoices:write                                          | invoices.1.payments.1       | no  | yes
invoices:write invoices.*.payments:read                 | invoices.1.payments.1       | yes | no
invoices:write invoices.*.payments:read                 | invoices.1.payments         | yes | no
invoices:write invoices.*.payments:read                 | invoices.1                  | no  | yes
invoices.*.payments:read invoices.*.payments:write      | invoices.1.payments         | yes | yes
invoices.1:read                                         | invoices.1.payments         | yes | no
invoices.1:read                                         | invoices.2.payments         | no  | no
invoices.1:write invoices:read                          | invoices.1                  | no  | yes
invoices.1:write invoices:read                          | invoices.2                  | yes | no
invoices.1.payments:write invoices.*.payments:read      | invoices.1.payments.7       | no  | yes
invoices.1.payments:write invoices.*.payments.7:read    | invoices.1.payments.7       | no  | yes
invoices.*.payments.7:read invoices.*.payments:write    | invoices.1.payments.7       | yes | no
invoices.*.payments.7:read invoices.*.payments:write    | invoices.1.payments.8       | no  | yes
invoices.1.payments:read                                | invoices.1                  | no  | no
INVOICE-TOKEN                                           | payment_resources           | no | yes
INVOICE-TOKEN                                           | invoices.1.payments         | yes | yes
INVOICE-TOKEN                                           | invoices.1                  | yes | no
party.*.invoice_templates.t1:read                       | party.*.invoice_templates.t1 | yes | no
party.*.invoice_templates.t1:read                       | party.*.invoice_templates.t2 | no  | no
party.*.invoice_templates.t1:read                       | party                       | no  | no
TEMPLATE-TOKEN | party.*.invoice_templates.t1.invoice_template_invoices | no | yes
customers:read customers.*.bindings:write               | customers.1.bindings        | no  | yes
payouts:write                                           | payment_resources           | no  | no
unknown:read party:read                                 | party                       | yes | no
payments:read                                           | invoices.1.payments         | no  | no
party:admin party party: :read party..x:read            | party                       | no  | no
                                                        | party                       | no  | no
"""
ISSUED = {
    "INVOICE-TOKEN": "invoices.1:read invoices.1.payments:read invoices.1.payments:write payment_resources:write",
    "TEMPLATE-TOKEN": "party.*.invoice_templates.t1:read party.*.invoice_templates.t1.invoice_template_invoices:write",
}
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines()]


def roles_of(cell):
    return ISSUED.get(cell, cell).split()


@pytest.mark.parametrize(("roles", "wanted", "read", "write"), ROWS)
def test_the_first_rule_that_covers_a_scope_decides_alone(roles, wanted, read, write):
    token = compile_roles(roles_of(roles))
    scope, _ = parse_role(f"{wanted}:read")
    assert [token.allows(scope, permission) for permission in ("read", "write")] == [read == "yes", write == "yes"]


@pytest.mark.parametrize("roles", [row[0] for row in ROWS])
def test_the_order_of_roles_in_a_token_does_not_count(roles):
    assert compile_roles(roles_of(roles)) == compile_roles(reversed(roles_of(roles)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "party",
        "party:",
        ":read",
        "party:execute",
        "payments:read",
        "invoices.1.nothing:read",
        "party.:read",
        "a.b.c:read",
    ],
)
def test_a_text_outside_the_grammar_is_no_role(text):
    with pytest.raises(BadRole):
        parse_role(text)


def test_a_wanted_scope_takes_its_ids_from_the_path():
    wanted = compile_wanted("invoices.{invoiceID}.payments.{paymentID}:write", ["invoiceID", "paymentID"])
    assert wanted.scope({"invoiceID": "a.b", "paymentID": "*"}) == (("invoices", "a.b"), ("payments", "*"))
    assert wanted.permission == "write"


def test_an_id_from_the_path_is_never_read_as_a_grammar():
    token = compile_roles(["invoices.1:read"])
    wanted = compile_wanted("invoices.{invoiceID}:read", ["invoiceID"])
    assert not token.allows(wanted.scope({"invoiceID": "*"}), "read")
    assert not token.allows(wanted.scope({"invoiceID": "1.payments"}), "read")


@pytest.mark.parametrize("template", ["invoices.{shopID}:read", "invoices", "nothing:read", "{shopID}:read"])
def test_a_scope_that_means_nothing_stops_the_start(template):
    with pytest.raises(SpecRefused):
        compile_wanted(template, ["invoiceID"])


def as_holder_of(house, *roles):
    return {"authorization": "Bearer " + house.tokens.issue(PARTY, roles, lifetime_s=None)[0]}


def test_a_denied_read_of_an_object_is_as_if_it_did_not_exist(house):
    answer = house.send("GET", "/v9/shops/1", headers=as_holder_of(house, "invoices.2:read"))
    assert (answer.status, answer.json) == (404, {"message": "Shop not found"})
    assert house.platform.calls == []


def test_a_denied_read_that_documents_no_404_is_401(house):
    answer = house.send("GET", "/v9/shops?limit=1", headers=as_holder_of(house, "invoices:read"))
    assert (answer.status, answer.body, house.platform.calls) == (401, b"", [])


def test_a_denied_write_is_401(house):
    answer = house.send("DELETE", "/v9/shops/1", headers=as_holder_of(house, "invoices:read"))
    assert (answer.status, answer.body, house.platform.calls) == (401, b"", [])


def test_an_object_of_another_party_is_404_to_a_reader_and_401_to_a_writer(house):
    house.platform.answers |= {"get_shop_by_id": base.AccessDenied(), "delete_shop": base.AccessDenied()}
    read, write = house.send("GET", "/v9/shops/1"), house.send("DELETE", "/v9/shops/1")
    assert (read.status, read.json) == (404, {"message": "Shop not found"})
    assert (write.status, write.body) == (401, b"")


def test_any_token_will_do_where_the_operation_says_so(house):
    assert house.send("GET", "/v9/categories/1", headers=as_holder_of(house)).status == 200


def test_naming_another_party_is_denied(house):
    def other_party(call):
        assert call.require_party(None) == call.require_party(PARTY) == PARTY
        return call.require_party("party-2")

    house.platform.answers |= {"create_shop": other_party, "get_shop_by_id": other_party}
    assert house.send("POST", "/v9/shops", json={"name": "abc", "currency": "RUB"}).status == 401
    assert house.send("GET", "/v9/shops/1").status == 404
