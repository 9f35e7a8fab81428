"""Payments: instant and held, the payer's interaction, banks that cannot be reached or do not answer."""

from datetime import timedelta

import pytest

from processing.domain import bank, commands, errors, failure
from processing.domain.interaction import BrowserGetRequest, Redirect
from processing.domain.payer import RecurrentParent, RecurrentPayer
from processing.domain.predicates import Predicate
from processing.domain.session import ORPHAN_PATIENCE
from processing.domain.statuses import PaymentStatus, TimeoutBehaviour
from processing.domain.steps import RunSession
from processing.domain.terms import Candidate, HoldTerms, Ruleset
from tests.processing.domain.world import (
    BANK,
    CARD,
    CATALOGUE,
    FACTS,
    HOLD_OR_CANCEL,
    HOLD_OR_CAPTURE,
    OUT_OF_ORDER,
    PAYER,
    SETTLEMENT,
    SHOP,
    SILENT,
    START,
    SYSTEM,
    TERMS,
    TRANSACTION,
    UNREACHABLE,
    Story,
    approves,
    cancel,
    capture,
    create_invoice,
    declines,
    held,
    invoice,
    paid,
    replace,
    rub,
    sleeps,
    start_payment,
    suspends,
    takes_at_once,
)

PAGE = Redirect(request=BrowserGetRequest(uri_template="https://bank.example/3ds{?termination_uri}"))


def started(**fields) -> Story:
    return Story(create_invoice(), start_payment(**fields))


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


# held


def test_held_money_waits_for_the_merchant_no_longer_than_shop_and_bank_allow():
    story = held()
    assert story.payment.flow.held_until == START + timedelta(days=5)
    assert story.waits_until() == START + timedelta(days=5)
    assert invoice.activity(story.state) == "payment 1: flow waiting"


def test_a_hold_captured_whole_posts_the_plan_that_was_held():
    story = held()
    assert story.when(capture()) == ["payment_capture_started", "session_started"]
    story.bank(approves())
    assert (story.payment.status, story.payment.status_reason) == (PaymentStatus.CAPTURED, "shipped")
    assert story.ledger.named("committed") == {"inv.1"}


def test_a_hold_captured_in_part_releases_the_rest_at_once():
    story = held()
    assert story.when(capture(4_000)) == ["payment_capture_started", "payment_cash_flow_built", "session_started"]
    assert story.ledger.named("rolled_back") == {"inv.1"}
    story.bank(approves())
    assert (story.payment.cost, story.payment.captured_cost, story.payment.fee) == (rub(10_000), rub(4_000), rub(112))
    assert story.ledger.own(SETTLEMENT) == 4_000 - 112
    assert story.ledger.named("committed") == {"inv.1.capture"}


def test_a_hold_is_captured_once():
    story = held()
    story.when(capture(4_000))
    assert story.refuses(capture(1_000)).status is PaymentStatus.PROCESSED
    story.bank(approves())
    assert story.refuses(capture(1_000)).status is PaymentStatus.CAPTURED


CAPTURES_REFUSED = [
    (capture(10_001), errors.AmountExceededCaptureBalance),
    (capture(0), errors.InvalidRequest),
    (capture(currency="EUR"), errors.InconsistentCaptureCurrency),
    (capture(4_000, cart=()), errors.InvalidInvoiceCart),
    (capture(payment_id="2"), errors.PaymentNotFound),
    (capture(facts=replace(FACTS, shop=replace(SHOP, is_party_suspended=True))), errors.InvalidPartyStatus),
    (
        capture(1, facts=replace(FACTS, terms=replace(TERMS, holds=HoldTerms(allowed=True, partial_captures=False)))),
        errors.OperationNotPermitted,
    ),
]


@pytest.mark.parametrize(("command", "refusal"), CAPTURES_REFUSED)
def test_a_capture_that_cannot_be_is_refused(command, refusal):
    assert isinstance(held().refuses(command), refusal)


def test_the_refusal_of_a_capture_names_what_is_possible():
    assert held().refuses(capture(10_001)).maximum == rub(10_000)
    assert held().refuses(capture(1, currency="EUR")).currency == "RUB"


def test_a_cancelled_hold_holds_nothing():
    story = held()
    assert story.when(cancel()) == ["payment_cancel_started", "session_started"]
    assert story.bank(approves()) == ["session_finished", "payment_status_changed"]
    assert (story.payment.status, story.payment.status_reason) == (PaymentStatus.CANCELLED, "out of stock")
    assert story.ledger.named("rolled_back") == {"inv.1"}
    assert story.refuses(capture()).status is PaymentStatus.CANCELLED


@pytest.mark.parametrize("command", [capture(), cancel()])
def test_an_instant_payment_is_neither_captured_nor_cancelled_by_hand(command):
    story = started()
    assert story.refuses(command).status is PaymentStatus.PENDING
    story.bank(approves())
    assert isinstance(story.refuses(command), errors.OperationNotPermitted)
    story.bank(approves())
    assert story.refuses(command).status is PaymentStatus.CAPTURED


@pytest.mark.parametrize(
    ("flow", "started_by_timer", "status"),
    [
        (HOLD_OR_CANCEL, "payment_cancel_started", PaymentStatus.CANCELLED),
        (HOLD_OR_CAPTURE, "payment_capture_started", PaymentStatus.CAPTURED),
    ],
)
def test_a_hold_that_runs_out_follows_the_merchants_rule(flow, started_by_timer, status):
    story = held(flow)
    assert story.wakes() == [started_by_timer, "session_started"]
    assert story.bank(approves())[-1] in ("payment_status_changed", "invoice_status_changed")
    assert (story.payment.status, story.payment.status_reason) == (status, "hold expired")


# the payer's part


def test_a_challenge_suspends_the_payment_until_the_payer_comes_back():
    story = started()
    assert story.bank(suspends(interaction=PAGE)) == [
        "session_state_changed",
        "session_suspended",
        "payment_interaction_requested",
    ]
    assert story.payment.interaction == PAGE
    assert story.callback("tag-1", approves())[-1] == "session_started"
    assert (story.payment.status, story.payment.interaction) == (PaymentStatus.PROCESSED, None)
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionNotFound)


def test_a_payer_who_came_back_is_not_sent_to_the_page_again():
    story = started()
    story.bank(suspends(interaction=PAGE))
    story.callback("tag-1", sleeps())
    assert story.payment.interaction is None


def test_a_payer_who_never_comes_back_fails_the_payment_with_what_the_adapter_said():
    story = started()
    story.bank(suspends(why=failure.parse("preauthorization_failed:three_ds_not_finished")))
    assert story.waits_until() == START + timedelta(minutes=10)
    assert story.wakes() == ["session_finished", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "preauthorization_failed:three_ds_not_finished"


def test_without_a_reason_of_the_adapter_a_timeout_is_an_operation_timeout():
    story = started()
    story.bank(suspends())
    story.wakes()
    assert story.payment.failure == failure.OperationTimeout()


def test_a_timeout_may_ask_the_adapter_once_more():
    story = started()
    story.bank(suspends(behaviour=TimeoutBehaviour.CALL_ADAPTER))
    assert story.wakes() == ["session_activated"]
    assert story.begins_call().attempt == 2


def test_a_callback_the_adapter_has_nothing_to_say_about_leaves_the_tag_open():
    story = started()
    story.bank(suspends())
    assert story.callback("tag-1", None) == ["session_callback_ignored"]
    story.callback("tag-1", approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_two_callbacks_at_once_make_one_call_of_the_adapter():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)


def test_a_callback_whose_outcome_is_unknown_makes_the_bank_be_asked():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=True, reason="lost"))
    story.wakes()
    assert story.begins_call().attempt == 3


def interrupted():
    """A payment whose payer's return was lost on its way to the bank."""
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=True, reason="lost"))
    return story


def test_a_payer_whose_return_was_lost_may_come_again_and_is_never_told_that_nobody_waits():
    story = interrupted()
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)
    story.wakes()
    story.bank(suspends())
    story.callback("tag-1", approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_once_the_bank_said_how_a_lost_return_ended_nobody_waits_under_its_tag():
    story = interrupted()
    story.wakes()
    story.bank(approves())
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionNotFound)


def test_a_return_whose_bearer_died_may_be_brought_again():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.wakes()
    story.begins_call()
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)


def test_a_callback_that_surely_did_not_reach_the_adapter_can_come_again():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=False, reason="refused"))
    assert story.callback("tag-1", approves())[-1] == "session_started"


def test_the_same_page_asked_for_again_is_told_once():
    story = started()
    story.bank(sleeps(interaction=PAGE))
    story.wait(seconds=3)
    assert story.bank(sleeps(interaction=PAGE)) == ["session_slept"]


# banks that cannot be reached, and banks that do not answer


def test_a_bank_out_of_reach_is_tried_for_a_minute_and_a_half_then_the_payment_fails():
    story = started()
    waits = []
    while story.payment.status is PaymentStatus.PENDING:
        story.bank(UNREACHABLE)
        if story.payment.status is PaymentStatus.PENDING:
            waits.append((story.waits_until() - story.now).total_seconds())
            story.wakes()
    assert waits == [1, 2, 4, 8, 16, 32]
    assert failure.text(story.payment.failure) == "authorization_failed:temporarily_unavailable"


def test_an_unknown_outcome_is_never_a_failure_and_the_bank_is_asked_with_back_off():
    story = started()
    waits = []
    for _ in range(9):
        story.bank(SILENT)
        waits.append((story.waits_until() - story.now).total_seconds())
        story.wakes()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert story.payment.status is PaymentStatus.PENDING
    story.bank(approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_a_bank_out_of_reach_after_an_unknown_outcome_fails_nothing():
    story = started()
    story.bank(SILENT)
    for _ in range(8):
        story.wakes()
        story.bank(UNREACHABLE)
    assert story.payment.status is PaymentStatus.PENDING


def test_an_outage_of_our_own_does_not_use_up_the_bank_s_half_minute():
    """The adapters could not be reached for minutes: that says nothing of the bank, and fails nobody's payment."""
    story = started()
    for _ in range(60):
        story.bank(OUT_OF_ORDER)
        story.wakes()
    story.bank(UNREACHABLE)
    assert story.payment.status is PaymentStatus.PENDING


def test_a_crash_in_the_middle_of_a_call_is_seen_as_another_attempt():
    story = started()
    assert story.begins_call().attempt == 1
    assert story.waits_until() == START + ORPHAN_PATIENCE
    command = commands.BeginSessionCall(payment_id="1")
    assert isinstance(story.refuses(command), errors.StepObsolete)
    story.wakes()
    assert story.begins_call().attempt == 2
    assert story.session().maybe_sent


def test_an_answer_to_an_older_attempt_changes_nothing():
    story = started()
    story.begins_call()
    story.wakes()
    story.begins_call()
    late = commands.SessionAnswered(payment_id="1", attempt=1, result=declines())
    assert story.when(late) == []
    assert story.when(commands.SessionCallFailed(payment_id="1", attempt=1, is_unknown=True, reason="late")) == []
    story.when(commands.SessionAnswered(payment_id="1", attempt=2, result=approves()))
    assert story.payment.status is PaymentStatus.PROCESSED


@pytest.mark.parametrize("answer", [UNREACHABLE, SILENT])
def test_a_capture_is_tried_until_the_bank_says_something(answer):
    story = started()
    story.bank(approves())
    for _ in range(12):
        story.bank(answer)
        story.wakes()
    assert story.payment.status is PaymentStatus.PROCESSED
    story.bank(approves())
    assert story.payment.status is PaymentStatus.CAPTURED


def test_a_sleeping_session_is_called_again_with_the_adapters_state():
    story = started()
    story.bank(replace(sleeps(3), next_state=b"polling"))
    assert story.waits_until() == START + timedelta(seconds=3)
    story.wakes()
    assert story.session().state == b"polling"
    assert story.begins_call().attempt == 2


# deadlines

DEADLINE = START + timedelta(minutes=30)


@pytest.mark.parametrize("answers", [[], [suspends(seconds=3600)]])
def test_a_payment_that_waits_for_its_payer_or_was_never_sent_fails_at_its_deadline(answers):
    story = started(processing_deadline=DEADLINE)
    story.bank(*answers)
    story.now = DEADLINE
    assert story.wakes() == ["session_finished", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "authorization_failed:processing_deadline_reached"


def test_a_payment_whose_outcome_is_unknown_at_its_deadline_is_stuck_and_asked_about_further():
    story = started(processing_deadline=DEADLINE)
    story.bank(SILENT)
    story.now = DEADLINE
    assert story.wakes() == ["payment_stuck"]
    assert invoice.is_stuck(story.state)
    story.bank(SILENT)
    assert story.wakes() == []
    assert story.payment.status is PaymentStatus.PENDING
    story.bank(approves())
    assert (story.payment.status, invoice.is_stuck(story.state)) == (PaymentStatus.PROCESSED, False)


@pytest.mark.parametrize("answer", [sleeps(3600), suspends(seconds=3600, behaviour=TimeoutBehaviour.CALL_ADAPTER)])
def test_a_payment_that_the_bank_works_on_at_its_deadline_is_asked_about_at_once(answer):
    story = started(processing_deadline=DEADLINE)
    story.bank(answer)
    assert story.waits_until() == DEADLINE
    assert story.wakes() == ["payment_stuck", "session_activated"]
    story.bank(declines("authorization_failed:processing_deadline_reached"))
    assert (story.payment.status, invoice.is_stuck(story.state)) == (PaymentStatus.FAILED, False)


def test_a_call_under_way_at_the_deadline_is_waited_for():
    story = started(processing_deadline=START + timedelta(seconds=5))
    step = story.begins_call()
    assert story.wait(seconds=10) == []
    story.when(commands.SessionAnswered(payment_id="1", attempt=step.attempt, result=approves()))
    assert story.payment.status is PaymentStatus.PROCESSED


# answers nobody foresaw


def test_a_transaction_id_that_changes_stops_the_machine():
    story = started()
    story.bank(approves(), approves(bank.TransactionInfo(id="trx-2")))
    assert story.state.stop.reason == "the bank's transaction id was trx-1 and is now trx-2"
    assert story.state.stop.activity == "payment 1: session captured"
    assert isinstance(story.refuses(cancel()), errors.MachineStopped)
    assert story.waits_until() is None


def test_details_of_a_transaction_may_become_known_later():
    story = started()
    story.bank(approves(), approves(replace(TRANSACTION, approval_code="OK1")))
    assert story.payment.transaction == replace(TRANSACTION, approval_code="OK1")


def test_an_approval_without_a_transaction_stops_the_machine():
    story = started()
    assert story.bank(approves(transaction=None)) == ["machine_stopped"]


def test_another_amount_than_was_asked_stops_the_machine():
    story = started()
    assert story.bank(approves(cost=rub(9_000))) == ["machine_stopped"]
    assert story.payment.status is PaymentStatus.PENDING


def test_another_amount_is_taken_where_the_providers_terms_allow_it():
    provider = CATALOGUE.providers["bank"]
    provider = replace(provider, terms=replace(provider.terms, changed_cost_allowed=True))
    story = started(facts=replace(FACTS, catalogue=replace(CATALOGUE, providers={"bank": provider})))
    kinds = story.bank(approves(cost=rub(9_000)), approves())
    assert kinds[1:3] == ["payment_cost_changed", "payment_cash_flow_built"]
    assert (story.payment.captured_cost, story.ledger.own(SETTLEMENT)) == (rub(9_000), 9_000 - 252)


def test_a_bank_that_refuses_to_release_money_stops_the_machine():
    story = held()
    story.when(cancel())
    assert story.bank(declines("authorization_failed:unknown")) == ["machine_stopped"]


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
