"""Whatever is asked of a machine, in whatever order, money is neither made nor lost, and nothing is told twice.

`Story` checks after every command: events survive storage, replay gives the same state, every captured payment has
exactly one posted plan and a payment that came to nothing has none, sums are 0. Refusals change nothing.
"""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.domain import bank, commands, errors, events, failure
from processing.domain.session import TEMPORARILY_UNAVAILABLE
from processing.domain.statuses import BankVerdict, PaymentStatus, TimeoutBehaviour
from processing.domain.steps import RunSession, WakeAt
from tests.processing.domain.world import (
    FACTS,
    HOLD_OR_CANCEL,
    HOLD_OR_CAPTURE,
    INSTANT,
    SILENT,
    START,
    UNREACHABLE,
    Story,
    accept_chargeback,
    approves,
    cancel,
    cancel_chargeback,
    capture,
    chargeback,
    create_invoice,
    declines,
    invoice,
    refund,
    reject_chargeback,
    reopen_chargeback,
    rub,
    sleeps,
    start_payment,
    suspends,
)

AMOUNTS = st.sampled_from([None, 1, 100, 3_000, 5_000, 7_000, 10_000, 10_001])
PAYMENTS = st.sampled_from(["1", "2", "3"])
REASON = failure.parse("authorization_failed:unknown")
OTHER_TRANSACTION = bank.TransactionInfo(id="trx-2")

ANSWERS = st.sampled_from(
    [
        approves(),
        approves(),
        approves(),
        declines(),
        sleeps(5),
        suspends(),
        suspends(behaviour=TimeoutBehaviour.CALL_ADAPTER),
        approves(transaction=None),
        approves(OTHER_TRANSACTION),
        approves(cost=rub(9_000)),
        UNREACHABLE,
        SILENT,
    ]
)
SCENARIOS = st.sampled_from(
    [
        commands.Resume(),
        commands.FailPreProcessing(failure=REASON),
        commands.FailSession(failure=REASON),
        commands.FulfillSession(transaction=bank.TransactionInfo(id="trx-1")),
        commands.FulfillSession(),
    ]
)
REFERENCES = st.sampled_from(["inv.1", "inv.2", "inv.1.capture", "inv.1.cancel", "inv.1.reversal", "inv.1.refund.r1"])


def with_payment(make, **more):
    return st.builds(lambda payment_id, **given: make(payment_id=payment_id, **given), PAYMENTS, **more)


ASKED = st.one_of(
    st.builds(
        start_payment,
        PAYMENTS,
        flow=st.sampled_from([INSTANT, HOLD_OR_CANCEL, HOLD_OR_CAPTURE]),
        processing_deadline=st.sampled_from([None, START + timedelta(minutes=3)]),
    ),
    with_payment(capture, amount=AMOUNTS),
    with_payment(cancel),
    with_payment(refund, amount=AMOUNTS, refund_id=st.sampled_from(["r1", "r2", "r3"])),
    with_payment(chargeback, amount=st.sampled_from([100, 5_000, 10_000]), levy=st.sampled_from([0, 500])),
    st.sampled_from([accept_chargeback(), reject_chargeback(), reopen_chargeback(), cancel_chargeback()]),
    st.builds(lambda reason: commands.Rescind(reason=reason, facts=FACTS), st.just("no")),
    st.builds(lambda reason: commands.Fulfill(reason=reason, facts=FACTS), st.just("done")),
    st.builds(lambda scenario: commands.Repair(scenario=scenario, operator_note="x"), SCENARIOS),
    st.builds(commands.BankStated, reference=REFERENCES, verdict=st.sampled_from(BankVerdict)),
    st.builds(lambda ids: commands.StopMachine(reason="x", **ids), st.sampled_from([{}, {"payment_id": "1"}])),
    st.just(commands.TimerFired()),
)

STEPS = st.one_of(
    ASKED.map(lambda command: ("ask", command)),
    ANSWERS.map(lambda answer: ("bank", answer)),
    ANSWERS.map(lambda answer: ("bank", answer)),
    st.sampled_from([approves(), declines(), None]).map(lambda result: ("callback", result)),
    st.sampled_from([1, 60, 700, 86400 * 3]).map(lambda seconds: ("wait", seconds)),
    st.just(("crash", None)),
)


def take(story, kind, detail):
    match kind:
        case "ask":
            story.when(detail)
        case "wait":
            story.wait(seconds=detail)
        case "callback":
            story.callback("tag-1", detail)
        case "crash" if wants_call(story):
            story.begins_call()
        case "bank" if wants_call(story):
            story.bank(detail)


def wants_call(story) -> bool:
    return isinstance(invoice.next_step(story.state, story.now), RunSession)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([INSTANT, HOLD_OR_CANCEL]), st.lists(STEPS, max_size=30))
def test_any_sequence_of_commands_keeps_the_machine_and_the_ledger_sound(flow, steps):
    story = Story(create_invoice(), start_payment(flow=flow))
    for kind, detail in steps:
        before = story.state
        try:
            take(story, kind, detail)
        except errors.DomainError:
            assert story.state == before or kind == "callback"
        check_timers(story)
        check_amounts(story.state)
        check_unknown_is_no_failure(story)


def check_timers(story) -> None:
    """A timer that is due does something: a machine never spins."""
    step = invoice.next_step(story.state, story.now)
    if isinstance(step, WakeAt) and step.at <= story.now:
        assert story.when(commands.TimerFired())


def check_amounts(state) -> None:
    for payment in state.payments:
        if payment.captured_cost is None:
            continue
        assert payment.captured_cost.amount <= payment.cost.amount
        returned = sum(back.cash.amount for back in payment.refunds if back.status != "failed")
        disputed = sum(each.body.amount for each in payment.chargebacks if each.status in ("pending", "accepted"))
        assert returned + disputed <= payment.captured_cost.amount


def check_unknown_is_no_failure(story) -> None:
    """A payment whose bank was perhaps reached does not fail because the bank cannot be reached."""
    for payment in story.state.payments:
        if payment.failure != TEMPORARILY_UNAVAILABLE:
            continue
        calls = [each for each in story.history if isinstance(each, events.SessionCallFailed)]
        assert not any(call.is_unknown for call in calls if call.payment_id == payment.id)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6_000), st.booleans()), max_size=12))
def test_refunds_of_any_sizes_give_back_what_was_paid_and_no_more(wanted):
    story = Story(create_invoice(), start_payment())
    story.bank(approves(), approves())
    given_back = 0
    for number, (amount, is_approved) in enumerate(wanted):
        if story.payment.status is not PaymentStatus.CAPTURED:
            break
        command = refund(amount, f"r{number}")
        if amount > 10_000 - given_back:
            assert story.refuses(command).maximum == rub(10_000 - given_back)
            continue
        story.when(command)
        story.bank(approves(bank.TransactionInfo(id=f"b{number}")) if is_approved else declines())
        given_back += amount if is_approved else 0
    assert (story.payment.status is PaymentStatus.REFUNDED) == (given_back == 10_000)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 10_000_000), st.integers(100, 10_000_000))
def test_a_capture_of_any_part_leaves_the_merchant_that_part_less_its_fee(part, cost):
    story = Story(create_invoice(amount=cost), start_payment(flow=HOLD_OR_CANCEL))
    story.bank(approves())
    if part > cost:
        assert story.refuses(capture(part)).maximum == rub(cost)
        return
    story.when(capture(part))
    story.bank(approves())
    assert story.payment.captured_cost == rub(part)
    assert story.ledger.own(10) == part - story.payment.fee.amount
    assert story.payment.fee.amount == max(100, (part * 28 + 500) // 1000)
