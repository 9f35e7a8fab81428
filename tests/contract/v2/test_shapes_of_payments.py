"""Payments, refunds and chargebacks in v2's words."""

from datetime import UTC, datetime

import pytest

from capi_v2 import shapes
from capi_v2.shapes.failure import CLIENT_CODES, payment_error_to_json
from capi_v2.shapes.payment import payment_search_result_to_json
from capi_v2.shapes.payment_tool import payment_tool_details_to_json, phone_mask
from capi_v2.shapes.refund import refund_search_result_to_json
from capi_v2.shapes.user_interaction import user_interaction_to_json
from rpc.protocol import base, domain, payment_processing
from translator.errors import Problem

from . import examples
from .schemas import conforming

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_held_payment_reads_as_the_contract_says():
    payment = examples.payment(
        external_id="try-1",
        status=domain.PaymentStatus.PROCESSED,
        flow=examples.HOLD,
        payer_session_info=domain.PayerSessionInfo(redirect_url="https://shop.example/thanks"),
        transaction=domain.TransactionInfo(id="bank-7", rrn="012345678901", approval_code="A1"),
        context=base.Content(type="application/json", data=b'{"try":1}'),
    )
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant")) == {
        "id": "1",
        "externalID": "try-1",
        "invoiceID": "inv1",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "amount": 10000,
        "currency": "RUB",
        "flow": {"type": "PaymentFlowHold", "onHoldExpiration": "capture", "heldUntil": "2026-03-08T12:00:00Z"},
        "payer": {
            "payerType": "PaymentResourcePayer",
            "paymentToolToken": "the-token",
            "paymentSession": "the-session",
            "paymentToolDetails": {
                "detailsType": "PaymentToolDetailsBankCard",
                "cardNumberMask": "424242******4242",
                "first6": "424242",
                "last4": "4242",
                "paymentSystem": "visa",
            },
            "clientInfo": {"fingerprint": "fp", "ip": "192.0.2.7", "url": "https://shop.example/pay"},
            "contactInfo": {"email": "payer@example.com", "phoneNumber": "+79990001122"},
            "sessionInfo": {"redirectUrl": "https://shop.example/thanks"},
        },
        "transactionInfo": {"rrn": "012345678901", "approvalCode": "A1"},
        "makeRecurrent": False,
        "metadata": {"try": 1},
        "status": "processed",
    }


def test_whoever_holds_an_invoices_token_is_not_told_what_another_payer_paid_with():
    """The token of a payment tool pays any invoice for an hour; a link to an invoice may have many readers."""
    shown = conforming("Payment", shapes.payment_to_json(examples.payment(), "client"))["payer"]
    assert (shown["paymentToolToken"], shown["paymentSession"]) == ("", "")
    assert shown["paymentToolDetails"]["cardNumberMask"] == "424242******4242"
    change = payment_processing.InvoiceChange(
        payment_started=payment_processing.PaymentStarted(payment=examples.payment())
    )
    event = payment_processing.Event(
        id=1, created_at=examples.CREATED, invoice_id="inv1", sequence=1, trace_id="t", changes=[change]
    )
    told = [shapes.invoice_event_to_json(event, consumer) for consumer in ("client", "merchant")]
    assert ["the-token" in str(each) for each in told] == [False, True]


def test_a_challenge_is_told_as_an_event_with_a_form():
    event = payment_processing.Event(
        id=12,
        created_at=examples.CREATED,
        invoice_id="inv1",
        sequence=3,
        trace_id="t",
        changes=[
            payment_processing.InvoiceChange(
                internal_step=payment_processing.InternalStep(kind="route_chosen", json="{}")
            ),
            payment_processing.InvoiceChange(
                payment_interaction_requested=payment_processing.PaymentInteractionRequested(
                    payment_id="1", interaction=examples.CHALLENGE
                )
            ),
        ],
    )
    assert conforming("InvoiceEvent", shapes.invoice_event_to_json(event, "client")) == {
        "id": 12,
        "createdAt": "2026-03-01T12:00:00.000Z",
        "changes": [
            {
                "changeType": "PaymentInteractionRequested",
                "paymentID": "1",
                "userInteraction": {
                    "interactionType": "Redirect",
                    "request": {
                        "requestType": "BrowserPostRequest",
                        "uriTemplate": "https://acs.example/challenge{?termination_uri}",
                        "form": [{"key": "creq", "template": "eyJ2IjoyfQ"}],
                    },
                },
            }
        ],
    }


def test_an_event_of_the_machine_alone_has_no_public_form():
    step = payment_processing.InternalStep(kind="route_chosen", json="{}")
    event = payment_processing.Event(
        id=1,
        created_at=examples.CREATED,
        invoice_id="inv1",
        sequence=1,
        trace_id="t",
        changes=[payment_processing.InvoiceChange(internal_step=step)],
    )
    assert shapes.invoice_event_to_json(event, "merchant") is None


@pytest.mark.parametrize(
    "change",
    [
        {"invoice_created": payment_processing.InvoiceCreated(invoice=examples.invoice())},
        {"invoice_status_changed": payment_processing.InvoiceStatusChanged(status=2, reason="done")},
        {"payment_started": payment_processing.PaymentStarted(payment=examples.payment())},
        {
            "payment_status_changed": payment_processing.PaymentStatusChanged(
                payment_id="1", status=6, failure=examples.failed("authorization_failed", "insufficient_funds")
            )
        },
        {"refund_started": payment_processing.RefundStarted(payment_id="1", refund=examples.refund())},
        {
            "refund_status_changed": payment_processing.RefundStatusChanged(
                payment_id="1", refund_id="100", status=3, failure=examples.TIMED_OUT
            )
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_public_change_reads_as_the_contract_says(change):
    event = payment_processing.Event(
        id=1,
        created_at=examples.CREATED,
        invoice_id="inv1",
        sequence=1,
        trace_id="t",
        changes=[payment_processing.InvoiceChange(**change)],
    )
    (shown,) = conforming("InvoiceEvent", shapes.invoice_event_to_json(event, "merchant"))["changes"]
    assert shown["changeType"].lower() == next(iter(change)).replace("_", "")


@pytest.mark.parametrize(
    "interaction",
    [
        domain.UserInteraction(
            redirect=domain.BrowserRequest(get_request=domain.BrowserGetRequest(uri_template="https://acs.example"))
        ),
        domain.UserInteraction(
            payment_terminal_receipt=domain.PaymentTerminalReceipt(short_payment_id="77", due=examples.DUE)
        ),
        domain.UserInteraction(
            crypto_transfer=domain.CryptoTransferRequest(address="a", symbolic_code="BTC", amount="0.10")
        ),
        domain.UserInteraction(qr_code=domain.QrCode(payload=b"https://pay.example/qr")),
    ],
    ids=lambda interaction: interaction.which(),
)
def test_every_interaction_reads_as_the_contract_says(interaction):
    assert conforming("UserInteraction", user_interaction_to_json(interaction))["interactionType"]


def test_a_partly_captured_payment_is_worth_what_was_captured():
    payment = examples.payment(status=domain.PaymentStatus.CAPTURED, captured_cost=examples.cash(7000))
    assert shapes.payment_to_json(payment, "merchant")["amount"] == 7000


def test_a_charged_back_payment_shows_as_refunded():
    payment = examples.payment(status=domain.PaymentStatus.CHARGED_BACK)
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant"))["status"] == "refunded"


def test_a_bank_reference_outside_the_pattern_is_left_out():
    payment = examples.payment(transaction=domain.TransactionInfo(id="b", rrn="12-34", approval_code="A1"))
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant"))["transactionInfo"] == {
        "approvalCode": "A1"
    }


def test_a_recurrent_payment_names_its_parent():
    payer = domain.RecurrentPayer(
        parent=domain.RecurrentParent(invoice_id="inv0", payment_id="1"),
        contact_info=domain.ContactInfo(),
        payment_tool=domain.PaymentTool(bank_card=examples.CARD),
    )
    shown = conforming(
        "Payment", shapes.payment_to_json(examples.payment(payer=domain.Payer(recurrent=payer)), "merchant")
    )
    assert shown["payer"]["recurrentParentPayment"] == {"invoiceID": "inv0", "paymentID": "1"}
    assert shown["payer"]["paymentToolDetails"]["last4"] == "4242"


CVV_REFUSED = ("authorization_failed", "payment_tool_rejected", "bank_card_rejected", "cvv_invalid")


def test_a_merchant_reads_the_whole_path_of_a_failure():
    payment = examples.payment(status=domain.PaymentStatus.FAILED, failure=examples.failed(*CVV_REFUSED))
    assert conforming("Payment", shapes.payment_to_json(payment, "merchant"))["error"] == {
        "code": "authorization_failed",
        "subError": {
            "code": "payment_tool_rejected",
            "subError": {"code": "bank_card_rejected", "subError": {"code": "cvv_invalid"}},
        },
    }


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        (("preauthorization_failed", "three_ds_failed"), "PreauthorizationFailed"),
        (("authorization_failed", "account_blocked"), "RejectedByIssuer"),
        (("authorization_failed", "rejected_by_issuer"), "RejectedByIssuer"),
        (CVV_REFUSED, "InvalidPaymentTool"),
        (("authorization_failed", "account_not_found"), "InvalidPaymentTool"),
        (("authorization_failed", "account_limit_exceeded", "amount", "daily"), "AccountLimitsExceeded"),
        (("authorization_failed", "insufficient_funds"), "InsufficientFunds"),
        (("authorization_failed", "account_stolen"), "PaymentRejected"),
        (("authorization_failed",), "PaymentRejected"),
        (("no_route_found", "forbidden"), "PaymentRejected"),
        (("a_code_of_tomorrow",), "PaymentRejected"),
    ],
)
def test_a_payer_reads_one_word_of_a_failure(codes, word):
    payment = examples.payment(status=domain.PaymentStatus.FAILED, failure=examples.failed(*codes))
    assert conforming("Payment", shapes.payment_to_json(payment, "client"))["error"] == {"code": word}


def test_the_words_for_payers_are_the_six_of_the_contract():
    assert {word for _, word in CLIENT_CODES} == {
        "PreauthorizationFailed",
        "RejectedByIssuer",
        "InvalidPaymentTool",
        "AccountLimitsExceeded",
        "InsufficientFunds",
    }


@pytest.mark.parametrize("consumer", ["merchant", "client"])
def test_a_timeout_is_told_alike_to_everybody(consumer):
    assert payment_error_to_json(examples.TIMED_OUT, consumer) == {"code": "timeout"}


def test_a_refund_reads_as_the_contract_says():
    refund = examples.refund(
        external_id="back-1",
        reason="Broken cup",
        cart=[examples.line(quantity=1, price=4000)],
        status=domain.RefundStatus.FAILED,
        failure=examples.failed("authorization_failed", reason="Refused by the bank"),
    )
    assert conforming("Refund", shapes.refund_to_json(refund)) == {
        "id": "100",
        "externalID": "back-1",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "amount": 4000,
        "currency": "RUB",
        "reason": "Broken cup",
        "cart": [{"product": "Tea", "quantity": 1, "price": 4000, "cost": 4000}],
        "status": "failed",
        "error": {"code": "authorization_failed", "message": "Refused by the bank"},
    }


def test_a_found_refund_names_its_invoice_and_payment():
    found = conforming("RefundSearchResult", refund_search_result_to_json(examples.refund()))
    assert (found["invoiceID"], found["paymentID"]) == ("inv1", "1")


def test_a_found_payment_says_its_fee_and_short_id():
    payment = examples.payment(fee=examples.cash(280), cart=[examples.line()])
    found = conforming("PaymentSearchResult", payment_search_result_to_json(payment, "merchant"))
    assert (found["fee"], found["shortID"], found["shopID"]) == (280, "inv1.1", "TESTSHOP")


def test_a_chargeback_reads_as_the_contract_says():
    assert conforming("Chargeback", shapes.chargeback_to_json(examples.chargeback())) == {
        "id": "1",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "body": 10000,
        "levy": 1500,
        "currency": "RUB",
        "reasonCode": "10.4",
        "stage": "pre-arbitration",
        "status": "pending",
    }


@pytest.mark.parametrize(
    ("tool", "shown"),
    [
        (
            domain.PaymentTool(
                bank_card=domain.BankCard(
                    token="t", payment_system="mastercard", bin="", last_digits="4444", token_provider="applepay",
                    tokenization_method=domain.TokenizationMethod.DPAN,
                )
            ),
            {
                "detailsType": "PaymentToolDetailsBankCard",
                "cardNumberMask": "******4444",
                "last4": "4444",
                "paymentSystem": "mastercard",
                "tokenProvider": "applepay",
                "tokenizationMethod": "dpan",
            },
        ),
        (
            domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider="euroset")),
            {"detailsType": "PaymentToolDetailsPaymentTerminal", "provider": "euroset"},
        ),
        (
            domain.PaymentTool(digital_wallet=domain.DigitalWallet(provider="qiwi", id="79161234567")),
            {
                "detailsType": "PaymentToolDetailsDigitalWallet",
                "digitalWalletDetailsType": "DigitalWalletDetailsQIWI",
                "phoneNumberMask": "+7******4567",
            },
        ),
        (
            domain.PaymentTool(crypto_wallet=domain.CryptoWallet(currency="bitcoin")),
            {"detailsType": "PaymentToolDetailsCryptoWallet", "cryptoCurrency": "bitcoin"},
        ),
        (
            domain.PaymentTool(mobile_commerce=domain.MobileCommerce(cc="7", ctn="9161234567")),
            {"detailsType": "PaymentToolDetailsMobileCommerce", "phoneNumber": "+7******4567"},
        ),
    ],
    ids=lambda value: value.which() if isinstance(value, domain.PaymentTool) else "",
)  # fmt: skip
def test_every_payment_tool_shows_masked(tool, shown):
    assert conforming("PaymentToolDetails", payment_tool_details_to_json(tool)) == shown


def test_a_wallet_without_a_word_in_v2_shows_no_details():
    wallet = domain.PaymentTool(digital_wallet=domain.DigitalWallet(provider="other", id="someone"))
    assert payment_tool_details_to_json(wallet) is None


@pytest.mark.parametrize("length", range(4, 16))
def test_a_phone_mask_hides_most_of_any_number(length):
    digits = "123456789012345"[:length]
    mask = phone_mask(digits)
    conforming("MobileCommerceDetails", {"phoneNumber": mask})
    assert len(mask) == length + 1
    assert mask.count("*") >= (length - 1) // 3


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (None, None),
        ("30m", "2026-03-01T12:30:00Z"),
        ("1.5s", "2026-03-01T12:00:01.500000Z"),
        ("2026-03-01T15:00:01+03:00", "2026-03-01T12:00:01Z"),
    ],
)
def test_a_processing_deadline_is_a_moment_to_come(given, understood):
    assert shapes.processing_deadline_to_thrift(given, NOW) == understood


@pytest.mark.parametrize(
    "given", ["", "soon", "15h", "-1s", "0s", "2026-03-01T12:00:00Z", "2026-03-01", "9" * 40 + "m", "9" * 39 + "m"]
)
def test_any_other_processing_deadline_is_refused_by_its_own_code(given):
    with pytest.raises(Problem) as refused:
        shapes.processing_deadline_to_thrift(given, NOW)
    assert refused.value.row.code == "invalidProcessingDeadline"
