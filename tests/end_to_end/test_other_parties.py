"""Nobody reaches what is another's: every operation of the spec, with a stranger's token and somebody else's ids.

The matrix is made from the spec. For each operation a request is built that would succeed for the owner of the objects
it names; then it is sent by

    another party, whole, and with its own ids except one that is the owner's (path, query, body, each in turn);
    a payer of another invoice, and a holder of another template, of the very same party.

No answer of 2xx may hold a word or an id of the owner's that the request did not say itself, nothing of the owner's may
change, and at the end the owner's own requests succeed: so each refusal was one of authorization.
"""

import pytest

from tests.end_to_end.two_parties import (
    DICTIONARIES,
    LAST,
    NUMBERED,
    OPERATIONS,
    SPEC,
    Party,
    Tally,
    everything_of,
    parties,
    request_of,
    send,
    with_one_of,
)


@pytest.fixture(scope="module")
def two(system) -> tuple[Party, Party]:
    """The owner of what is asked for, and the stranger."""
    return tuple(parties(system, "owner", "stranger"))


def test_every_operation_of_the_spec_is_in_the_matrix():
    assert len(OPERATIONS) == len(set(OPERATIONS)) == sum(
        method in node for node in SPEC["paths"].values() for method in ("get", "put", "post", "delete")
    )  # fmt: skip
    assert set(LAST) <= set(OPERATIONS)


def test_another_party_reaches_nothing_by_naming_it(two):
    owner, stranger = two
    before, tally = everything_of(owner), Tally()
    for name in OPERATIONS:
        request = request_of(owner, name)
        is_open = not (set(request.path) | set(request.query)) & {
            "invoiceID", "invoiceTemplateID", "webhookID", "shopID", "partyID", "externalID",
        } and name not in ("createInvoice", "createInvoiceTemplate", "createWebhook")  # fmt: skip
        tally.count(owner, name, request, send(stranger.api, request), may=is_open)
    assert not tally.holes, str(tally)
    assert tally.refused >= 40, str(tally)
    assert everything_of(owner) == before


def test_another_party_reaches_nothing_by_slipping_one_id_into_a_request_of_its_own(two):
    owner, stranger = two
    before, tally = everything_of(owner), Tally()
    for name in OPERATIONS:
        for where, value, request in with_one_of(owner, stranger, name):
            field_name = where.split()[1]
            may = field_name in NUMBERED or field_name in ("categoryID", "countryID", "tradeBlocID", "customerID")
            may = may or where == "query invoiceID" or (field_name == "externalID" and name.startswith("create"))
            answer = send(stranger.api, request)
            tally.count(owner, f"{name} with {where} {value}", request, answer, may)
    assert not tally.holes, str(tally)
    assert tally.refused >= 45, str(tally)
    assert everything_of(owner) == before


def test_the_same_external_id_means_nothing_to_another_party(two):
    owner, stranger = two
    said = {"externalID": f"{owner.word}-invoice", "amount": 77777}
    made = stranger.api.invoice(**said)["invoice"]
    assert made["id"] not in owner.unique_ids()
    found = stranger.api.call("GET", "/processing/invoices", externalID=said["externalID"])
    assert found.json()["id"] == made["id"]
    mine = owner.api.call("GET", "/processing/invoices", externalID=said["externalID"])
    assert mine.json()["id"] == owner.invoices["paid"]["invoice"]["id"]


@pytest.mark.parametrize("holder", ["payer of another invoice", "holder of another template"])
@pytest.mark.parametrize("whose", ["the same party", "another party"])
def test_a_token_of_one_object_opens_no_other(two, holder, whose):
    owner, stranger = two
    before, tally = everything_of(owner), Tally()
    token = (owner if whose == "the same party" else stranger).tokens[holder]
    for name in OPERATIONS:
        may = name in DICTIONARIES or (name == "createPaymentResource" and holder.startswith("payer"))
        request = request_of(owner, name)
        tally.count(owner, name, request, send(owner.api, request, token), may)
    assert not tally.holes, str(tally)
    assert (tally.refused, tally.empty) in ((47, 7), (48, 6)), str(tally)
    assert everything_of(owner) == before


def test_a_payer_cannot_charge_the_card_of_another_payer_of_the_same_shop(two):
    owner, _ = two
    payable = owner.invoices["another"]
    parent = {"invoiceID": owner.invoices["paid"]["invoice"]["id"], "paymentID": "1"}
    payer = {"payerType": "RecurrentPayer", "contactInfo": {}, "recurrentParentPayment": parent}
    path = f"/processing/invoices/{payable['invoice']['id']}/payments"
    body = {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}
    stolen = owner.api.call("POST", path, body, payable["invoiceAccessToken"]["payload"])
    assert (stolen.status_code, stolen.content) == (401, b"")
    agreed = owner.api.call("POST", path, body)
    assert agreed.status_code == 201, agreed.text


def test_a_payer_cannot_pay_with_what_another_payer_of_the_same_link_paid_with(two):
    owner, _ = two
    paid = owner.invoices["paid"]
    link, path = paid["invoiceAccessToken"]["payload"], f"/processing/invoices/{paid['invoice']['id']}"
    merchants = owner.api.call("GET", f"{path}/payments/1").json()["payer"]
    assert merchants["paymentToolToken"] and merchants["paymentSession"]
    for read in (f"{path}/payments", f"{path}/payments/1", f"{path}/events?limit=100"):
        told = owner.api.call("GET", read, token=link)
        assert told.status_code == 200, told.text
        assert merchants["paymentToolToken"] not in told.text
        assert merchants["paymentSession"] not in told.text


def test_the_same_requests_succeed_for_whose_objects_they_are(two):
    """The control: a refusal above was for want of a right, not for want of sense in the request."""
    owner, _ = two
    answers = {name: send(owner.api, request_of(owner, name)) for name in OPERATIONS}
    failed = {name: f"{answer.status_code} {answer.text[:200]}" for name, answer in answers.items() if not answer.ok}
    assert not failed, f"{len(answers) - len(failed)} of {len(answers)} operations succeeded; not: {failed}"
