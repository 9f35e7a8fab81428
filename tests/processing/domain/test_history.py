"""Events as stored, in their order, in a merchant's words; the names of operations at a bank."""

import json
from pathlib import Path

import pytest

from processing.domain import commands, errors, events, invoice, public_changes, references
from processing.domain.interaction import QrCode
from processing.domain.state import chargeback_of, payment_of, refund_of
from processing.domain.statuses import BankVerdict
from tests.processing.domain.world import (
    HOLD_OR_CANCEL,
    SILENT,
    UNREACHABLE,
    Story,
    accept_chargeback,
    approves,
    cancel,
    capture,
    chargeback,
    create_invoice,
    declines,
    held,
    paid,
    refunded,
    start_payment,
    suspends,
)


def long_story():
    """Everything that can happen to an invoice that is paid at the second attempt."""
    story = Story(create_invoice(), start_payment("1"))
    story.bank(UNREACHABLE)
    story.wakes()
    story.bank(SILENT)
    story.wakes()
    story.bank(suspends(interaction=QrCode(payload=b"\x00qr")))
    story.callback("tag-1", None)
    story.callback("tag-1", declines())
    story.bank_states("inv.1", BankVerdict.APPROVED)
    story.bank(approves())
    story.when(start_payment("2", flow=HOLD_OR_CANCEL))
    story.bank(approves())
    story.when(capture(5_000, payment_id="2"))
    story.when(commands.StopMachine(reason="garbage", payment_id="2"))
    story.when(commands.Repair(scenario=commands.Resume(), operator_note="a note"))
    story.bank(approves())
    return story


def told(story):
    return [change for event in story.history for change in public_changes.public_changes(event)]


# what is told, and the same thing in the machine
BEGUN = {
    public_changes.InvoiceCreated: lambda change, state: (change.invoice, state),
    public_changes.PaymentStarted: lambda change, state: (change.payment, payment_of(state, change.payment.id)),
    public_changes.RefundStarted: lambda change, state: (
        change.refund,
        refund_of(payment_of(state, change.payment_id), change.refund.id),
    ),
    public_changes.ChargebackOpened: lambda change, state: (
        change.chargeback,
        chargeback_of(payment_of(state, change.payment_id), change.chargeback.id),
    ),
}


def test_what_is_told_of_a_beginning_is_the_thing_as_it_stands_right_after_it():
    story = refunded(long_story(), 1_000, "r1", payment_id="2")
    story.when(chargeback(1_000, payment_id="2"))
    state, met = None, set()
    for event in story.history:
        state = invoice.apply(state, event)
        for change in public_changes.public_changes(event):
            if type(change) in BEGUN:
                said, stands = BEGUN[type(change)](change, state)
                assert said == stands
                met.add(type(change))
    assert met == set(BEGUN)


def test_an_event_is_stored_as_a_kind_a_format_and_json():
    kind, format, body = events.encode(long_story().history[0])
    assert (kind, format) == ("invoice_created", 1)
    assert json.loads(body)["invoice"]["cost"] == {"amount": 10_000, "currency": "RUB"}


def test_every_event_of_the_union_has_exactly_one_kind():
    assert {struct for struct, _ in events.KINDS.values()} == set(events.Event.__args__)
    assert all(format >= 1 for _, format in events.KINDS.values())


def test_a_kind_of_a_newer_release_is_not_guessed():
    with pytest.raises(KeyError):
        events.decode("moon_rose", 1, b"{}")


def test_an_old_format_is_brought_up_step_by_step(monkeypatch):
    newest = (events.InvoiceStatusChanged, 3)
    monkeypatch.setattr(events, "KINDS", {**events.KINDS, "invoice_status_changed": newest})
    monkeypatch.setattr(
        events,
        "UPGRADES",
        {
            ("invoice_status_changed", 1): lambda old: {**old, "status": old["state"]},
            ("invoice_status_changed", 2): lambda old: {**old, "reason": "unknown"},
        },
    )
    event = events.decode("invoice_status_changed", 1, b'{"at": "2026-03-01T12:00:00Z", "state": "paid"}')
    assert (event.status, event.reason) == ("paid", "unknown")


def test_the_long_story_meets_most_kinds_of_events():
    met = {events.kind_of(event) for event in long_story().history}
    assert len(met) >= 20


def test_replay_stops_at_an_event_that_breaks_an_invariant():
    story = paid()
    late = events.PaymentStarted(at=story.now, payment=Story(create_invoice(), start_payment("2")).payment)
    with pytest.raises(AssertionError, match="only an unpaid invoice"):
        invoice.apply(story.state, late)


def test_what_a_merchant_is_told_of_a_payment():
    changes = told(refunded(paid(), 1_000, "r1"))
    assert [public_changes.webhook_event_type(change) for change in changes if not isinstance(change, Internal)] == [
        "INVOICE_CREATED",
        "PAYMENT_STARTED",
        "PAYMENT_PROCESSED",
        "PAYMENT_CAPTURED",
        "INVOICE_PAID",
        "REFUND_CREATED",
        "REFUND_SUCCEEDED",
    ]


Internal = public_changes.InternalStep


def test_what_a_merchant_is_told_of_a_payment_that_comes_to_nothing():
    story = held()
    story.when(cancel())
    story.bank(approves())
    story.when(start_payment("2"))
    story.bank(declines())
    story.now = story.state.due
    story.wakes()
    told_types = [public_changes.webhook_event_type(change) for change in told(story)]
    assert [each for each in told_types if each][2:] == [
        "PAYMENT_PROCESSED",
        "PAYMENT_CANCELLED",
        "PAYMENT_STARTED",
        "PAYMENT_FAILED",
        "INVOICE_CANCELLED",
    ]


def test_disputes_are_in_the_feed_and_in_no_webhook():
    story = paid()
    story.when(chargeback())
    story.when(accept_chargeback())
    changes = [change for change in told(story)[-3:] if not isinstance(change, Internal)]
    assert [type(change).__name__ for change in changes] == [
        "ChargebackOpened",
        "ChargebackStatusChanged",
        "PaymentStatusChanged",
    ]
    assert [public_changes.webhook_event_type(change) for change in changes] == [None, None, None]


def test_steps_without_a_public_form_keep_their_stored_form():
    step = next(change for change in told(long_story()) if isinstance(change, Internal))
    assert step.kind == "payment_route_chosen"
    assert json.loads(step.json)["route"]["terminal"] == "t1"


def test_the_names_of_webhook_events_are_those_of_the_idl():
    idl = (Path(__file__).parents[3] / "specs/thrift/webhooks.thrift").read_text()
    told_types = {public_changes.webhook_event_type(change) for change in told(long_story())} - {None}
    assert told_types
    assert all(f"    {name} = " in idl for name in told_types)


REFERENCES = [
    ("inv.1", ("1", None, "payment")),
    ("inv.1.capture", ("1", None, "capture")),
    ("inv.1.cancel", ("1", None, "cancel")),
    ("inv.1.reversal", ("1", None, "reversal")),
    ("inv.1.refund.r1", ("1", "r1", "refund")),
]


@pytest.mark.parametrize(("reference", "parts"), REFERENCES)
def test_the_name_of_an_operation_says_what_it_is(reference, parts):
    assert references.operation_of(reference) == parts
    assert references.invoice_of(reference) == "inv"


@pytest.mark.parametrize("garbage", ["", "inv", "inv.1.steal", "inv.1.refund", "inv.1.refund.r1.x", "a.b.c.d"])
def test_what_is_no_name_of_ours_is_refused(garbage):
    with pytest.raises(ValueError, match="no reference"):
        references.operation_of(garbage)


def test_every_exception_of_the_idl_has_a_class_of_its_own():
    idl = Path(__file__).parents[3] / "specs/thrift"
    for name in ("base", "party", "payment_processing", "bank_adapter"):
        for line in (idl / f"{name}.thrift").read_text().splitlines():
            if line.startswith("exception "):
                assert issubclass(getattr(errors, line.split()[1]), errors.DomainError)
