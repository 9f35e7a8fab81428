"""What hooks are told: in which words, as of which moment."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from processing.domain import events, public_changes
from processing.domain.bank import TransactionInfo
from processing.domain.failure import OperationTimeout, parse
from processing.domain.money import Cash
from processing.domain.payer import ClientInfo, ContactInfo, PaymentResourcePayer, RecurrentParent, RecurrentPayer
from processing.domain.payment_tool import BankCard, CryptoWallet, DigitalWallet, MobileCommerce, PaymentTerminal
from processing.domain.statuses import PaymentStatus, RefundStatus
from processing.domain.values import Content
from processing.webhooks import bodies
from rpc.protocol import webhooks
from tests.processing.domain import world
from tests.processing.sandbox import PARTY, SHOP, TRACE
from tests.processing.webhooks.stage import Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, post=Postman())


def test_event_ids_are_unique_and_grow_along_each_invoice(stage: Stage):
    stage.hook(URL)
    stage.paid("inv1")
    stage.paid("inv2")
    stage.tell()
    events_told = stage.told()
    assert len({event["eventID"] for event in events_told}) == len(events_told) == 10
    for invoice_id in ("inv1", "inv2"):
        ids = [event["eventID"] for event in events_told if event["invoice"]["id"] == invoice_id]
        assert ids == sorted(ids)


def test_objects_are_as_they_stood_at_their_event(stage: Stage):
    """All is told after the whole story is over."""
    stage.hook(URL)
    stage.refund(stage.paid(), 4_000)
    stage.tell()
    seen = [
        (
            event["eventType"],
            event["invoice"]["status"],
            event.get("payment", {}).get("status"),
            event.get("refund", {}).get("status"),
        )
        for event in stage.told()
    ]
    assert seen == [
        ("InvoiceCreated", "unpaid", None, None),
        ("PaymentStarted", "unpaid", "pending", None),
        ("PaymentProcessed", "unpaid", "processed", None),
        ("PaymentCaptured", "unpaid", "captured", None),
        ("InvoicePaid", "paid", None, None),
        ("RefundCreated", "paid", "captured", "pending"),
        ("RefundSucceeded", "paid", "captured", "succeeded"),
    ]


def test_the_moment_is_that_of_the_change(stage: Stage):
    stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.clock.forward(3600)
    stage.tell()
    assert stage.told()[0]["occuredAt"] == "2026-03-01T12:00:00.000Z"


def test_the_created_invoice_is_told_whole(stage: Stage):
    stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice(amount=12345)
    stage.tell()
    assert stage.told() == [
        {
            "eventID": 1,
            "occuredAt": "2026-03-01T12:00:00.000Z",
            "topic": "InvoicesTopic",
            "eventType": "InvoiceCreated",
            "invoice": {
                "id": "inv1",
                "shopID": SHOP,
                "createdAt": "2026-03-01T12:00:00.000Z",
                "status": "unpaid",
                "dueDate": "2026-03-01T13:00:00.000Z",
                "amount": 12345,
                "currency": "RUB",
                "metadata": {},
                "product": "Tea",
            },
        }
    ]


def test_a_captured_payment_is_told_with_its_payer_nested_and_flat(stage: Stage):
    stage.hook(URL, ("PAYMENT_CAPTURED",))
    stage.paid()
    stage.tell()
    [event] = stage.told()
    payment = event["payment"]
    assert payment["payer"] == {
        "payerType": "PaymentResourcePayer",
        "contactInfo": {"email": "payer@example.com"},
        "paymentToolDetails": {
            "detailsType": "PaymentToolDetailsBankCard",
            "cardNumberMask": "424242******4242",
            "first6": "424242",
            "last4": "4242",
            "paymentSystem": "visa",
        },
    }
    assert payment["contactInfo"] == {"email": "payer@example.com"}
    assert (payment["id"], payment["amount"], payment["currency"], payment["status"]) == (
        "1",
        10_000,
        "RUB",
        "captured",
    )
    assert payment["fee"] > 0
    assert {"session", "route", "accounts", "cash_flow"}.isdisjoint(payment)


def shown(change: public_changes.Change, after, event_type: str) -> dict:
    return json.loads(bodies.body(7, event_type, world.START, change, after))


def with_payment(**fields) -> world.Story:
    """A paid story whose payment is changed by hand afterwards."""
    story = world.paid()
    story.state = world.replace(story.state, payments=(world.replace(story.payment, **fields),))
    return story


def payment_told(**fields) -> dict:
    story = with_payment(**fields)
    change = public_changes.PaymentStatusChanged(payment_id="1", status=story.payment.status)
    return shown(change, story.state, "PAYMENT_FAILED")["payment"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (
            parse("authorization_failed:payment_tool_rejected:bank_card_rejected:cvv_invalid", "bad CVV"),
            {
                "code": "authorization_failed",
                "message": "bad CVV",
                "subError": {
                    "code": "payment_tool_rejected",
                    "subError": {"code": "bank_card_rejected", "subError": {"code": "cvv_invalid"}},
                },
            },
        ),
        (parse("no_route_found"), {"code": "no_route_found", "message": "no_route_found"}),
        (OperationTimeout(), {"code": "timeout", "message": "The operation took too long"}),
    ],
)
def test_a_failed_payment_tells_why_as_a_branch_of_codes(failure, error):
    told_payment = payment_told(status=PaymentStatus.FAILED, failure=failure)
    assert (told_payment["status"], told_payment["error"]) == ("failed", error)


def test_a_partly_captured_payment_is_worth_what_was_captured():
    assert payment_told(captured_cost=Cash(amount=400, currency="RUB"))["amount"] == 400


def test_a_payment_that_the_bank_took_back_reads_as_refunded():
    assert payment_told(status=PaymentStatus.CHARGED_BACK)["status"] == "refunded"


def test_what_the_merchant_sent_comes_back_flat_and_nested():
    payer = PaymentResourcePayer(
        payment_tool=world.CARD,
        contact_info=ContactInfo(email="a@example.com", phone_number="+79990000000"),
        client_info=ClientInfo(ip="203.0.113.7", fingerprint="f00", url="https://shop.example.com"),
        payment_session="session-string",
        payment_tool_token="tool-string",
        payment_session_id="internal",
    )
    told_payment = payment_told(payer=payer, transaction=TransactionInfo(id="bank-1", rrn="123456789012"))
    flat = {
        "paymentToolToken": "tool-string",
        "paymentSession": "session-string",
        "contactInfo": {"email": "a@example.com", "phoneNumber": "+79990000000"},
        "ip": "203.0.113.7",
        "fingerprint": "f00",
        "rrn": "123456789012",
    }
    assert told_payment.items() >= flat.items()
    assert told_payment["payer"]["clientInfo"] == {"ip": "203.0.113.7", "fingerprint": "f00"}
    assert told_payment["payer"]["paymentSession"] == "session-string"
    assert "internal" not in json.dumps(told_payment)
    assert "bank-1" not in json.dumps(told_payment)


def test_a_recurrent_payer_names_its_parent():
    payer = RecurrentPayer(
        parent=RecurrentParent(invoice_id="i0", payment_id="3"), contact_info=ContactInfo(), payment_tool=world.CARD
    )
    told_payer = payment_told(payer=payer)["payer"]
    assert told_payer["payerType"] == "RecurrentPayer"
    assert told_payer["recurrentParentPayment"] == {"invoiceID": "i0", "paymentID": "3"}


@pytest.mark.parametrize(
    ("tool", "details"),
    [
        (
            BankCard(token="t", payment_system="visa", bin="42424242", last_digits="004242", token_provider="applepay"),
            {
                "detailsType": "PaymentToolDetailsBankCard", "cardNumberMask": "424242******4242", "first6": "424242",
                "last4": "4242", "paymentSystem": "visa", "tokenProvider": "applepay",
            },
        ),
        (
            PaymentTerminal(provider="euroset"),
            {"detailsType": "PaymentToolDetailsPaymentTerminal", "provider": "euroset"},
        ),
        (
            DigitalWallet(provider="qiwi", id="79990000000", token="secret"),
            {"detailsType": "PaymentToolDetailsDigitalWallet", "provider": "qiwi"},
        ),
        (
            CryptoWallet(currency="bitcoin"),
            {"detailsType": "PaymentToolDetailsCryptoWallet", "cryptoCurrency": "bitcoin"},
        ),
        (
            MobileCommerce(cc="7", ctn="9991234567"),
            {"detailsType": "PaymentToolDetailsMobileCommerce", "phoneNumber": "+7******4567"},
        ),
    ],
)  # fmt: skip
def test_a_payment_tool_is_told_masked(tool, details):
    payer = PaymentResourcePayer(payment_tool=tool, contact_info=ContactInfo())
    assert payment_told(payer=payer)["payer"]["paymentToolDetails"] == details


@pytest.mark.parametrize(
    ("data", "metadata"),
    [
        (b'{"b": 1,\n "a": [12345678901234567890123]}', b'{"b": 1,\n "a": [12345678901234567890123]}'),
        (b'{"a":1.10}', b'{"a":1.10}'),
        (b"[1]", b"{}"),
        (b"", b"{}"),
        (b"{broken", b"{}"),
        (b"\xff\xfe", b"{}"),
    ],
)
def test_the_merchants_metadata_come_back_byte_for_byte(data: bytes, metadata: bytes):
    story = world.Story(world.create_invoice(context=Content(type="application/json", data=data)))
    change = public_changes.InvoiceCreated(invoice=story.state)
    said = bodies.body(7, "INVOICE_CREATED", world.START, change, story.state)
    assert b'"metadata":' + metadata in said
    json.loads(said)


def test_a_cart_is_told_line_by_line():
    story = world.Story(world.create_invoice(details=world.InvoiceDetails(product="tea", cart=world.CART), amount=None))
    change = public_changes.InvoiceCreated(invoice=story.state)
    assert shown(change, story.state, "INVOICE_CREATED")["invoice"]["cart"] == [
        {"product": "tea", "quantity": 2, "price": 3_000, "cost": 6_000},
        {"product": "cup", "quantity": 1, "price": 4_000, "cost": 4_000},
    ]


def test_a_failed_refund_tells_why():
    story = world.refunded(world.paid(), 4_000, "r1", world.declines("refused_by_bank"))
    change = public_changes.RefundStatusChanged(payment_id="1", refund_id="r1", status=RefundStatus.FAILED)
    refund = shown(change, story.state, "REFUND_FAILED")["refund"]
    assert (refund["id"], refund["amount"], refund["status"]) == ("r1", 4_000, "failed")
    assert refund["error"] == {"code": "refused_by_bank", "message": "refused_by_bank"}


def test_there_is_a_word_of_delivery_for_every_word_of_subscription():
    subscribed = {name for name in dir(webhooks.InvoiceEventType) if name.isupper()}
    assert set(bodies.EVENT_TYPES) == subscribed


def test_no_public_change_of_a_machine_has_an_unknown_word():
    """What webhook_event_type may say beyond the table is told to nobody."""
    story = world.refunded(world.paid(), 10_000, "r1")
    kinds = {
        public_changes.webhook_event_type(change)
        for event in story.history
        for change in public_changes.public_changes(event)
        if not isinstance(event, events.PaymentStarted)
    }
    assert kinds - {None} <= set(bodies.EVENT_TYPES)


def test_traces_of_the_command_go_with_what_is_told(stage: Stage):
    hook = stage.hook(URL, ("INVOICE_CREATED",))
    stage.sandbox.invoice()
    stage.clock.now += timedelta(seconds=1)
    stage.tell()
    assert stage.log(hook)[0].trace_id == TRACE
    assert PARTY not in stage.sent[0][2]["traceparent"]
