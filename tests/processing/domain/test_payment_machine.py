"""Payments: how they start, instant ones, and repeats of an agreed payment."""

import pytest

from processing.domain import errors, failure
from processing.domain.payer import RecurrentParent, RecurrentPayer
from processing.domain.predicates import Predicate
from processing.domain.statuses import PaymentStatus
from processing.domain.steps import RunSession
from processing.domain.terms import Candidate, HoldTerms, Ruleset
from tests.processing.domain.shop import BANK, CATALOGUE, FACTS, SETTLEMENT, SHOP, SYSTEM, TERMS, rub
from tests.processing.domain.world import (
    CARD,
    HOLD_OR_CANCEL,
    PAYER,
    START,
    Story,
    approves,
    cancel,
    create_invoice,
    declines,
    held,
    invoice,
    paid,
    replace,
    start_payment,
    started,
    takes_at_once,
)

# starting


def test_a_payment_starts_with_its_route_its_money_held_and_a_call_of_the_bank():
    story = Story(create_invoice())
    assert story.when(start_payment()) == [
        "payment_started",
        "payment_route_chosen",
        "payment_cash_flow_built",
        "session_started",
    ]
    assert (story.payment.status, story.payment.fee) == (PaymentStatus.PENDING, rub(280))
    assert story.payment.route.options == {"merchant": "42"}
    step = invoice.next_step(story.state, story.now)
    assert step == RunSession(payment_id="1", target="processed", attempt=1, reference="inv.1")
    assert invoice.activity(story.state) == "payment 1: session processed"


REFUSED = [
    ({"id": "a.b"}, errors.InvalidRequest),
    ({"payer": replace(PAYER, payment_tool=replace(CARD, payment_system="maestro"))}, errors.InvalidRequest),
    ({"processing_deadline": START}, errors.InvalidRequest),
    (
        {"flow": HOLD_OR_CANCEL, "facts": replace(FACTS, terms=replace(TERMS, holds=HoldTerms(allowed=False)))},
        errors.OperationNotPermitted,
    ),
    ({"facts": replace(FACTS, shop=replace(SHOP, is_contract_active=False))}, errors.InvalidContractStatus),
    ({"facts": replace(FACTS, shop=replace(SHOP, is_suspended=True))}, errors.InvalidShopStatus),
    ({"facts": replace(FACTS, terms=replace(TERMS, system_accounts="nowhere"))}, errors.Misconfiguration),
    ({"facts": replace(FACTS, terms=replace(TERMS, routing="nowhere"))}, errors.Misconfiguration),
]


@pytest.mark.parametrize(("fields", "refusal"), REFUSED)
def test_a_payment_that_cannot_be_taken_is_refused_and_nothing_is_held(fields, refusal):
    story = Story(create_invoice())
    assert isinstance(story.refuses(start_payment(**fields)), refusal)
    assert story.ledger.plans == {}


def test_without_a_candidate_for_it_a_payment_fails_at_once():
    nobody = Ruleset(id="main", candidates=(Candidate(terminal="t1", allowed=Predicate(constant=False)),))
    story = Story(create_invoice())
    kinds = story.when(start_payment(facts=replace(FACTS, catalogue=replace(CATALOGUE, rulesets={"main": nobody}))))
    assert kinds == ["payment_started", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "no_route_found:unknown"


def test_when_every_candidate_refuses_a_payment_fails_and_says_why():
    story = started(payer=replace(PAYER, payment_tool=replace(CARD, payment_system="mastercard")))
    assert failure.text(story.payment.failure) == "no_route_found:forbidden"
    assert story.payment.failure.reason == "t1: payment method"


# instant


def test_money_that_the_bank_took_when_it_approved_is_captured_without_another_call():
    story = started()
    assert story.bank(takes_at_once()) == [
        "session_transaction_bound",
        "session_finished",
        "payment_status_changed",
        "payment_capture_started",
        "session_started",
        "session_finished",
        "payment_status_changed",
        "invoice_status_changed",
    ]
    assert (story.payment.status, story.payment.captured_cost) == (PaymentStatus.CAPTURED, rub(10_000))
    assert story.state.status == "paid"
    assert story.waits_until() is None


@pytest.mark.parametrize("calls", [1, 2])
def test_a_bank_that_takes_what_it_was_not_to_take_stops_the_machine(calls):
    """Money that was to be held; money that goes back."""
    story = started(flow=HOLD_OR_CANCEL) if calls == 1 else held()
    if calls == 2:
        story.when(cancel())
    assert story.bank(takes_at_once()) == ["machine_stopped"]
    assert story.payment.captured_cost is None


def test_an_approved_instant_payment_is_captured_and_pays_the_invoice():
    story = started()
    assert story.bank(approves()) == [
        "session_transaction_bound",
        "session_finished",
        "payment_status_changed",
        "payment_capture_started",
        "session_started",
    ]
    assert story.payment.status is PaymentStatus.PROCESSED
    assert story.bank(approves()) == ["session_finished", "payment_status_changed", "invoice_status_changed"]
    assert (story.payment.status, story.payment.captured_cost) == (PaymentStatus.CAPTURED, rub(10_000))
    assert story.waits_until() is None


def test_a_captured_payment_leaves_the_merchant_its_amount_less_the_fee():
    ledger = paid().ledger
    assert ledger.own(SETTLEMENT) == 10_000 - 280
    assert ledger.own(SYSTEM) == 280 - 180
    assert ledger.own(BANK) == -10_000 + 180


def test_a_declined_payment_fails_with_the_banks_reason_and_holds_nothing():
    story = started()
    assert story.bank(declines()) == ["session_finished", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "authorization_failed:insufficient_funds"
    assert story.ledger.named("rolled_back") == {"inv.1"}
    assert story.ledger.own(SETTLEMENT) == 0


def test_a_capture_that_the_bank_refuses_fails_the_payment():
    story = started()
    story.bank(approves(), declines("authorization_failed:unknown"))
    assert story.payment.status is PaymentStatus.FAILED
    assert story.state.status == "unpaid"


# repeats of an agreed payment


PARENT = RecurrentPayer(parent=RecurrentParent(invoice_id="inv", payment_id="1"), contact_info=PAYER.contact_info)


def parent(**fields):
    return replace(paid().payment, make_recurrent=True, **fields)


def test_a_recurrent_payment_uses_the_parents_card():
    story = started(payer=PARENT, facts=replace(FACTS, parent=parent()))
    assert story.payment.payer.payment_tool == CARD
    story.bank(approves(), approves())
    assert story.payment.status is PaymentStatus.CAPTURED


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        replace(FACTS, parent=parent(owner_id="somebody")),
        replace(FACTS, parent=parent(shop_id="elsewhere")),
        replace(FACTS, parent=replace(parent(), make_recurrent=False)),
        replace(FACTS, parent=parent(status=PaymentStatus.PROCESSED)),
    ],
)
def test_only_a_captured_payment_of_this_shop_made_recurrent_can_be_repeated(facts):
    story = Story(create_invoice())
    assert isinstance(story.refuses(start_payment(payer=PARENT, facts=facts)), errors.InvalidRecurrentParent)
