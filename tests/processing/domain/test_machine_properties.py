"""Whatever is asked of a machine, in whatever order, money is neither made nor lost, and nothing is told twice.

`Story` checks after every command: events survive storage, replay gives the same state, every captured payment has
exactly one posted plan and a payment that came to nothing has none, sums are 0. Refusals change nothing.
"""

import contextlib
import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.domain import bank, commands, errors, events, failure
from processing.domain.interaction import QrCode
from processing.domain.session import TEMPORARILY_UNAVAILABLE
from processing.domain.statuses import BankVerdict, PaymentStatus, TimeoutBehaviour
from processing.domain.steps import RunSession, WakeAt
from tests.processing.domain.shop import FACTS, FORGIVING, rub
from tests.processing.domain.world import (
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
    sleeps,
    start_payment,
    suspends,
)

FAR = START + timedelta(days=60)
AMOUNTS = [None, 1, 100, 3_000, 5_000, 7_000, 10_000, 10_001]
REASON = failure.parse("authorization_failed:unknown")
REFERENCES = ["inv.1", "inv.2", "inv.1.capture", "inv.1.cancel", "inv.1.reversal", "inv.1.refund.r1"]


def transaction_of(step) -> bank.TransactionInfo:
    """A bank that calls every payment and every refund always the same."""
    return bank.TransactionInfo(id=f"trx-{step.payment_id}-{step.refund_id}")


# what the bank says to a step that the machine takes
SOUND = [
    *[lambda step: approves(transaction_of(step))] * 8,
    lambda step: declines(),
    lambda step: sleeps(5),
    lambda step: suspends(interaction=QrCode(payload=b"qr")),
    lambda step: suspends(behaviour=TimeoutBehaviour.CALL_ADAPTER),
    lambda step: UNREACHABLE,
    lambda step: SILENT,
]
UNFORESEEN = [
    lambda step: approves(transaction=None),
    lambda step: approves(bank.TransactionInfo(id="another")),
    *[lambda step: SILENT] * 2,
    lambda step: approves(transaction_of(step), cost=rub(9_000)),
]
SCENARIOS = [
    commands.Resume(),
    commands.FailPreProcessing(failure=REASON),
    commands.FailSession(failure=REASON),
    commands.FulfillSession(transaction=bank.TransactionInfo(id="trx-1-None")),
    commands.FulfillSession(),
]
CALLED_BACK = [approves(bank.TransactionInfo(id="trx-1-None")), declines(), None]


def a_start(chance, now):
    deadline = chance.choice([None, now + timedelta(minutes=3)])
    flow = chance.choice([INSTANT, HOLD_OR_CANCEL, HOLD_OR_CAPTURE])
    facts = chance.choice([FACTS, FORGIVING])
    return start_payment(chance.choice("123"), flow=flow, processing_deadline=deadline, facts=facts)


def an_end(chance, now):
    payment_id = chance.choice("112")
    ends = [capture(chance.choice(AMOUNTS), payment_id=payment_id), cancel(payment_id=payment_id)]
    return chance.choice(ends)


def a_refund(chance, now):
    return refund(chance.choice(AMOUNTS), chance.choice(["r1", "r2", "r3"]), payment_id=chance.choice("1112"))


def a_dispute(chance, now):
    opened = chargeback(chance.choice([100, 5_000, 10_000]), levy=chance.choice([1, 500]))
    return chance.choice([opened, accept_chargeback(), reject_chargeback(), reopen_chargeback(), cancel_chargeback()])


def a_word_of_the_bank(chance, now):
    return commands.BankStated(reference=chance.choice(REFERENCES), verdict=chance.choice(list(BankVerdict)))


def something_rare(chance, now):
    return chance.choice(
        [
            commands.Rescind(reason="no", facts=FACTS),
            *[commands.Fulfill(reason="done", facts=FACTS)] * 6,
            commands.StopMachine(reason="x"),
            commands.StopMachine(reason="x", payment_id="1"),
        ]
    )


ASKED = [*[a_start] * 4, an_end, *[a_refund] * 3, a_dispute, a_dispute, a_word_of_the_bank, something_rare]
KINDS = ["call"] * 10 + ["ask"] * 12 + ["callback"] * 3 + ["wait"] * 2 + ["crash", "surprise", "surprise"]


def take(story, chance) -> None:
    """One thing that may happen; what stops a machine is mostly set right at once, or nothing else would happen."""
    if story.state.stop is not None and chance.random() < 0.9:
        story.when(commands.Repair(scenario=chance.choice(SCENARIOS), operator_note="x"))
        return
    match chance.choice(KINDS):
        case "ask":
            story.when(chance.choice(ASKED)(chance, story.now))
        case "wait":
            story.wait(seconds=chance.choice([1, 60, 700, 4_000, 86400 * 3]))
        case "callback":
            story.callback("tag-1", chance.choice(CALLED_BACK))
        case "crash" if wants_call(story):
            story.begins_call()
        case "call":
            call(story, chance.choice(SOUND))
        case "surprise":
            call(story, chance.choice(UNFORESEEN))


def call(story, answer) -> None:
    """The bank's next answer, after the time that the machine waits for it."""
    if isinstance(invoice.next_step(story.state, story.now), WakeAt):
        story.wakes()
    if wants_call(story):
        story.bank(answer(invoice.next_step(story.state, story.now)))


def wants_call(story) -> bool:
    return isinstance(invoice.next_step(story.state, story.now), RunSession)


def beginning(flow, *answers, **fields):
    """A payment whose bank said these answers."""
    story = Story(create_invoice(due=FAR), start_payment(flow=flow, **fields))
    for answer in answers:
        call(story, answer)
    return story


APPROVES, DECLINES, SLEEPS, IS_SILENT = SOUND[0], SOUND[8], SOUND[9], SOUND[13]
APPROVES_LESS = UNFORESEEN[-1]
SOON = START + timedelta(minutes=3)
BEGINNINGS = [
    lambda: Story(create_invoice(due=FAR)),
    lambda: beginning(INSTANT, APPROVES, APPROVES),
    lambda: beginning(INSTANT, APPROVES, APPROVES),
    lambda: beginning(INSTANT, DECLINES),
    lambda: beginning(HOLD_OR_CANCEL, APPROVES),
    lambda: beginning(HOLD_OR_CAPTURE, APPROVES),
    lambda: beginning(HOLD_OR_CANCEL, APPROVES_LESS, facts=FORGIVING),
    lambda: beginning(INSTANT, APPROVES_LESS, APPROVES, facts=FORGIVING),
    lambda: beginning(INSTANT, IS_SILENT, processing_deadline=SOON),
    lambda: beginning(HOLD_OR_CAPTURE, SLEEPS, processing_deadline=SOON),
]


def test_the_sequences_reach_everything_that_can_happen_to_a_machine():
    met = set()
    for seed in range(300):
        met |= {events.kind_of(event) for event in told(seed).history}
    assert met == set(events.KINDS)


def told(seed):
    """A sequence of commands, some of them refused."""
    chance = random.Random(seed)
    story = chance.choice(BEGINNINGS)()
    for _ in range(60):
        with contextlib.suppress(errors.DomainError):
            take(story, chance)
    return story


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32))
def test_any_sequence_of_commands_keeps_the_machine_and_the_ledger_sound(seed):
    chance = random.Random(seed)
    story = chance.choice(BEGINNINGS)()
    for _ in range(60):
        before = story.state
        try:
            take(story, chance)
        except errors.DomainError:
            assert story.state is before or story.session().begun_at is not None
        check_timers(story)
        check_amounts(story.state)
        check_unknown_is_no_failure(story)
        check_holds_are_released(story.state)


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


def check_holds_are_released(state) -> None:
    """Money that was held and not captured is on its way back to the payer, or there already."""
    for payment in state.payments:
        if payment.status is PaymentStatus.FAILED and payment.capture is not None:
            assert payment.reversal is not None


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
