"""How v3 shows payments, refunds and what went wrong with them."""

import pytest

from capi_v3 import shapes
from capi_v3.shapes.failure import MEANINGS, failure_to_json
from capi_v3.shapes.next_action import expanded, next_action_to_json
from capi_v3.shapes.payment_method import masked, payment_method_to_json
from rpc.protocol import domain

from . import examples

HOME = "https://shop.example/done?order=7&x=ä"
ENCODED = "https%3A%2F%2Fshop.example%2Fdone%3Forder%3D7%26x%3D%C3%A4"
RESERVED = "https://shop.example/done?order=7&x=%C3%A4"


def shown(consumer="merchant", **changes):
    return shapes.payment_to_json(examples.payment(**changes), consumer)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("PENDING", "pending"),
        ("PROCESSED", "authorized"),
        ("CAPTURED", "captured"),
        ("CANCELLED", "cancelled"),
        ("REFUNDED", "refunded"),
        ("FAILED", "failed"),
        ("CHARGED_BACK", "chargedBack"),
    ],
)
def test_every_status_of_a_payment_has_its_own_word(status, word):
    assert shown(status=getattr(domain.PaymentStatus, status))["status"] == word


def test_a_payment_tells_where_it_belongs():
    payment = shown()
    assert (payment["id"], payment["invoiceId"], payment["shopId"]) == ("pay_inv1.1", "inv_inv1", "shp_TESTSHOP")
    assert payment["links"]["self"] == "/v3/payments/pay_inv1.1"
    assert payment["links"]["invoice"] == "/v3/invoices/inv_inv1"
    assert payment["version"] == 2


def test_a_part_that_was_captured_is_told_beside_what_was_asked():
    payment = shown(captured_cost=examples.cash(3000))
    assert (payment["amount"]["amount"], payment["capturedAmount"]["amount"]) == (4200, 3000)


def test_a_hold_says_how_long_it_lasts_and_what_comes_then():
    payment = shown(flow=examples.HOLD)
    assert payment["capture"] == "manual"
    assert (payment["holdExpiration"], payment["heldUntil"]) == ("capture", "2026-03-08T12:00:00Z")
    assert "heldUntil" not in shown()


def test_the_fee_is_the_merchant_s_business_alone():
    assert shown(fee=examples.cash(147))["fee"] == {"amount": 147, "currency": "EUR"}
    assert "fee" not in shown("client", fee=examples.cash(147))


def test_a_payment_by_an_earlier_one_names_it():
    parent = domain.RecurrentParent(invoice_id="inv0", payment_id="3")
    payer = domain.Payer(recurrent=domain.RecurrentPayer(parent=parent, contact_info=domain.ContactInfo()))
    assert shown(payer=payer)["source"] == {"type": "recurring", "paymentId": "pay_inv0.3"}


def test_neither_the_token_nor_the_session_of_a_payer_is_shown():
    text = repr(shown())
    assert "the-token" not in text
    assert "the-session" not in text
    assert "card-of-the-vault" not in text


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("https://acs.example/c", "https://acs.example/c"),
        ("https://acs.example/c?b={termination_uri}", f"https://acs.example/c?b={ENCODED}"),
        ("https://acs.example/c{?termination_uri}", f"https://acs.example/c?termination_uri={ENCODED}"),
        ("https://acs.example/c?a=1{&termination_uri}", f"https://acs.example/c?a=1&termination_uri={ENCODED}"),
        ("https://acs.example/c{;termination_uri}", f"https://acs.example/c;termination_uri={ENCODED}"),
        ("https://acs.example/c{/termination_uri}", f"https://acs.example/c/{ENCODED}"),
        ("https://acs.example/c{.termination_uri}", f"https://acs.example/c.{ENCODED}"),
        ("https://acs.example/c{#termination_uri}", f"https://acs.example/c#{RESERVED}"),
        ("{+termination_uri}", RESERVED),
    ],
)
def test_an_address_is_ready_to_be_followed(template, wanted):
    """RFC 6570, sections 3.2.2 to 3.2.9."""
    assert expanded(template, HOME) == wanted


def test_without_a_way_home_an_address_has_none():
    assert expanded("https://acs.example/c{?termination_uri}", None) == "https://acs.example/c"


def test_a_challenge_is_a_redirect_with_its_form():
    payment = shown(interaction=examples.CHALLENGE, payer_session_info=domain.PayerSessionInfo(redirect_url=HOME))
    assert payment["nextAction"] == {
        "type": "redirect",
        "redirect": {
            "method": "POST",
            "url": f"https://acs.example/challenge?termination_uri={ENCODED}",
            "form": [{"name": "creq", "value": "eyJ2IjoyfQ"}],
        },
    }


@pytest.mark.parametrize(
    ("interaction", "kind", "member"),
    [
        (
            domain.UserInteraction(
                payment_terminal_receipt=domain.PaymentTerminalReceipt(short_payment_id="42", due=examples.DUE)
            ),
            "showReceipt",
            {"receipt": {"number": "42", "dueAt": examples.DUE}},
        ),
        (domain.UserInteraction(qr_code=domain.QrCode(payload=b"qr")), "showQrCode", {"qrCode": {"payload": "qr"}}),
        (
            domain.UserInteraction(
                crypto_transfer=domain.CryptoTransferRequest(address="a", symbolic_code="bitcoin", amount="0.1")
            ),
            "transferCrypto",
            {"crypto": {"address": "a", "currency": "bitcoin", "amount": "0.1"}},
        ),
    ],
)
def test_every_action_of_a_payer_can_be_shown(interaction, kind, member):
    assert next_action_to_json(interaction, None) == {"type": kind, **member}


def test_a_failure_says_what_helps_and_who_said_no():
    failure = examples.failed("authorization_failed", "insufficient_funds", reason="Not enough")
    assert failure_to_json(failure, "merchant") == {
        "code": "authorization_failed.insufficient_funds",
        "advice": "useAnotherMethod",
        "declinedBy": "issuer",
        "message": "Not enough",
    }


@pytest.mark.parametrize("codes", [("authorization_failed", "account_stolen"), ("nobody_foresaw_this", "deeper")])
def test_a_payer_learns_nothing_that_helps_to_test_stolen_cards(codes):
    failure = failure_to_json(examples.failed(*codes, reason="Pick up card"), "client")
    assert failure["code"] == "payment_rejected"
    assert "message" not in failure


def test_a_timeout_is_a_failure_like_others():
    assert failure_to_json(examples.TIMED_OUT, "merchant")["code"] == "timeout"


def test_no_row_of_the_failures_hides_behind_one_before_it():
    begins = [begin for begin, _ in MEANINGS]
    for place, begin in enumerate(begins):
        assert not [earlier for earlier in begins[:place] if begin.startswith(earlier)], begin


def test_a_card_shows_ten_digits_at_most_and_not_its_holder():
    card = domain.PaymentTool(bank_card=examples.CARD)
    assert payment_method_to_json(card) == {
        "type": "card",
        "card": {"brand": "visa", "first6": "424242", "last4": "4242", "expiryMonth": 12, "expiryYear": 2030},
    }


@pytest.mark.parametrize(
    ("text", "wanted"), [("79161234567", "*******4567"), ("1234", "**34"), ("1", "*"), ("", ""), ("123", "**3")]
)
def test_accounts_and_phones_are_masked(text, wanted):
    assert masked(text, 4) == wanted


def test_a_refund_names_its_payment_and_its_invoice():
    refund = shapes.refund_to_json(examples.refund(), "merchant")
    assert (refund["id"], refund["paymentId"]) == ("ref_inv1.1.100", "pay_inv1.1")
    assert refund["links"] == {"self": "/v3/refunds/ref_inv1.1.100", "payment": "/v3/payments/pay_inv1.1"}
