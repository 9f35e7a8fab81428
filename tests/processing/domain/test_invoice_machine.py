"""Invoices: what they cost, how long they wait, what becomes of them."""

from datetime import timedelta

import pytest

from processing.domain import commands, errors
from processing.domain.cart import InvoiceDetails
from processing.domain.statuses import InvoiceStatus
from tests.processing.domain.shop import FACTS, SHOP, rub
from tests.processing.domain.world import (
    CART,
    DUE,
    START,
    Story,
    approves,
    create_invoice,
    declines,
    held,
    paid,
    replace,
    start_payment,
)

CART_OF_EUROS = (replace(CART[0], price=replace(CART[0].price, currency="EUR")),)
FREE_CART = (replace(CART[0], price=rub(0)),)
NOTHING_OF_IT = (replace(CART[0], quantity=0),)

# amount, cart -> cost in minor units, or the refusal
COSTS = [
    (10_000, None, 10_000),
    (None, CART, 10_000),
    (10_000, CART, 10_000),
    (9_999, CART, errors.InvalidInvoiceCost),
    (None, None, errors.InvalidInvoiceCost),
    (0, None, errors.InvalidInvoiceCost),
    (2**63, None, errors.InvalidInvoiceCost),
    (None, (), errors.InvalidInvoiceCart),
    (10_000, (), errors.InvalidInvoiceCart),
    (None, CART_OF_EUROS, errors.InvalidInvoiceCart),
    (None, FREE_CART, errors.InvalidInvoiceCart),
    (None, NOTHING_OF_IT, errors.InvalidInvoiceCart),
]


@pytest.mark.parametrize(("amount", "cart", "expected"), COSTS)
def test_an_invoice_costs_its_amount_or_its_cart_and_both_must_agree(amount, cart, expected):
    story = Story()
    command = create_invoice(amount=amount, details=InvoiceDetails(product="tea", cart=cart))
    if isinstance(expected, int):
        assert story.when(command) == ["invoice_created"]
        assert story.state.cost == rub(expected)
    else:
        assert isinstance(story.refuses(command), expected)


def shop(**fields):
    return replace(FACTS, shop=replace(SHOP, **fields))


REFUSED = [
    ({"due": START}, errors.InvalidRequest),
    ({"currency": "EUR"}, errors.InvalidRequest),
    ({"id": "a.b"}, errors.InvalidRequest),
    ({"id": "x" * 41}, errors.InvalidRequest),
    ({"amount": 99}, errors.InvoiceTermsViolated),
    ({"amount": 10_000_001}, errors.InvoiceTermsViolated),
    ({"facts": shop(category_id=2)}, errors.InvoiceTermsViolated),
    ({"facts": shop(is_party_blocked=True)}, errors.InvalidPartyStatus),
    ({"facts": shop(is_party_suspended=True)}, errors.InvalidPartyStatus),
    ({"facts": shop(is_blocked=True)}, errors.InvalidShopStatus),
    ({"facts": shop(is_suspended=True)}, errors.InvalidShopStatus),
    ({"facts": shop(is_party_blocked=True, is_blocked=True)}, errors.InvalidPartyStatus),
]


@pytest.mark.parametrize(("fields", "refusal"), REFUSED)
def test_an_invoice_that_cannot_be_sold_is_refused(fields, refusal):
    assert isinstance(Story().refuses(create_invoice(**fields)), refusal)


def test_the_same_invoice_twice_is_one_invoice():
    story = Story(create_invoice())
    assert story.when(create_invoice()) == []
    assert isinstance(story.refuses(create_invoice(shop_id="elsewhere")), errors.InvalidRequest)


def test_nothing_can_be_asked_of_an_invoice_that_does_not_exist():
    assert isinstance(Story().refuses(start_payment()), errors.InvoiceNotFound)


def test_an_unpaid_invoice_is_cancelled_when_it_is_due():
    story = Story(create_invoice())
    assert story.waits_until() == DUE
    assert story.wakes() == ["invoice_status_changed"]
    assert (story.state.status, story.state.status_reason) == (InvoiceStatus.CANCELLED, "overdue")
    assert story.waits_until() is None


def test_a_timer_that_fires_too_early_does_nothing():
    assert Story(create_invoice()).wait(hours=1) == []


def test_an_invoice_that_is_being_paid_waits_for_the_payment_before_it_is_overdue():
    story = held()
    story.wait(days=2)
    assert story.state.status is InvoiceStatus.UNPAID
    story.when(commands.CancelPayment(payment_id="1", reason="no", facts=FACTS))
    story.bank(approves())
    assert story.payment.status == "cancelled"
    assert story.wakes() == ["invoice_status_changed"]
    assert story.state.status_reason == "overdue"


def test_nobody_can_pay_after_the_due_date_even_before_the_timer():
    story = Story(create_invoice())
    story.now = DUE
    assert story.refuses(start_payment()).status is InvoiceStatus.CANCELLED


def test_a_rescinded_invoice_cannot_be_paid():
    story = Story(create_invoice(), commands.Rescind(reason="changed our mind", facts=FACTS))
    assert (story.state.status, story.state.status_reason) == (InvoiceStatus.CANCELLED, "changed our mind")
    assert story.refuses(start_payment()).status is InvoiceStatus.CANCELLED
    assert story.waits_until() is None


def test_an_invoice_that_is_being_paid_cannot_be_rescinded():
    story = held()
    assert story.refuses(commands.Rescind(reason="no", facts=FACTS)).payment_id == "1"


def test_a_paid_invoice_can_be_fulfilled_once():
    story = paid()
    fulfill = commands.Fulfill(reason="delivered", facts=FACTS)
    assert story.when(fulfill) == ["invoice_status_changed"]
    assert story.state.status is InvoiceStatus.FULFILLED
    assert story.refuses(fulfill).status is InvoiceStatus.FULFILLED


# status of the invoice, what is asked, is it possible
POSSIBLE = [
    ("unpaid", commands.Fulfill, False),
    ("unpaid", commands.Rescind, True),
    ("paid", commands.Fulfill, True),
    ("paid", commands.Rescind, False),
    ("cancelled", commands.Fulfill, False),
    ("cancelled", commands.Rescind, False),
]


@pytest.mark.parametrize(("status", "ask", "possible"), POSSIBLE)
def test_what_can_become_of_an_invoice(status, ask, possible):
    story = paid() if status == "paid" else Story(create_invoice())
    if status == "cancelled":
        story.now = DUE
        story.wakes()
    command = ask(reason="because", facts=FACTS)
    if possible:
        assert story.when(command) == ["invoice_status_changed"]
    else:
        assert story.refuses(command).status == status


@pytest.mark.parametrize("ask", [commands.Fulfill, commands.Rescind])
def test_a_suspended_shop_changes_no_invoice(ask):
    refusal = Story(create_invoice()).refuses(ask(reason="x", facts=shop(is_suspended=True)))
    assert isinstance(refusal, errors.InvalidShopStatus)


def test_one_payment_at_a_time_and_another_after_a_failure():
    story = Story(create_invoice(), start_payment("1"))
    assert story.refuses(start_payment("2")).payment_id == "1"
    story.bank(declines())
    story.when(start_payment("2"))
    story.bank(approves(), approves())
    assert [payment.status.value for payment in story.state.payments] == ["failed", "captured"]
    assert story.state.status is InvoiceStatus.PAID
    assert story.refuses(start_payment("3")).status is InvoiceStatus.PAID


def test_the_same_payment_twice_is_one_payment_whatever_became_of_it():
    story = Story(create_invoice(), start_payment())
    assert story.when(start_payment()) == []
    story.bank(declines())
    assert story.when(start_payment()) == []


def test_an_invoice_made_from_a_template_knows_it():
    story = Story(create_invoice(template_id="tpl"))
    assert story.state.template_id == "tpl"
    assert story.state.due - story.state.created_at == timedelta(days=2)
