"""A payment is begun upon what this process remembers of the invoice; what others did meanwhile still counts."""

from pathlib import Path

import pytest

from processing import ids, parties
from processing.bootstrap import Platform, build, handlers
from processing.services.invoicing import PAYMENT_NUMBERS
from rpc.context import Context
from rpc.protocol import base, domain, payment_processing
from settings import load
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import CONTRACT, PARTY, SHOP, ToldClock

MERCHANT, STRANGER = as_party(PARTY), as_party("somebody")


def process(folder: Path) -> Platform:
    """One of any number upon the same database."""
    return build(load({"CAPI_STATE_DIRECTORY": str(folder), "CAPI_RPC_SIGNATURES": "false"}), clock=ToldClock())


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """With a shop and an unpaid invoice."""
    built = process(tmp_path)
    with built.database.transaction() as tx:
        parties.create(tx, PARTY, None, built.clock())
        new = parties.NewShop(SHOP, "RUB", 1, "https://shop.example.com", "Test shop", None, CONTRACT)
        parties.create_shop(tx, PARTY, new, built.clock())
    params = payment_processing.InvoiceParams(
        id="inv1",
        party_id=PARTY,
        shop_id=SHOP,
        details=domain.InvoiceDetails(product="Tea"),
        amount=10_000,
        currency="RUB",
        due="2199-01-01T00:00:00.000Z",
        context=base.Content(type="application/json", data=b"{}"),
    )
    Asked(handlers(built)["invoicing"], MERCHANT).Create(params)
    return built


def start(platform: Platform, caller: Context = MERCHANT) -> domain.Payment:
    card = domain.BankCard(token="card-1", payment_system="visa", bin="424242", last_digits="4242")
    payer = domain.PaymentResourcePayer(
        payment_tool=domain.PaymentTool(bank_card=card), contact_info=domain.ContactInfo(email="payer@example.com")
    )
    params = payment_processing.PaymentParams(
        payer=domain.Payer(payment_resource=payer),
        flow=domain.PaymentFlow(instant=domain.InstantFlow()),
        make_recurrent=False,
    )
    return Asked(handlers(platform)["invoicing"], caller).StartPayment("inv1", params)


def test_a_payment_without_an_id_is_the_first(platform: Platform):
    assert start(platform).id == "1"


def test_a_number_that_was_given_to_an_external_id_is_passed_over(platform: Platform):
    with platform.database.transaction() as tx:
        ids.next_number(tx, PAYMENT_NUMBERS.format(invoice="inv1", party=PARTY))
    assert start(platform).id == "2"


def test_an_invoice_that_another_process_cancelled_takes_no_payment(platform: Platform, tmp_path: Path):
    Asked(handlers(process(tmp_path))["invoicing"], MERCHANT).Rescind("inv1", "no")
    with pytest.raises(payment_processing.InvalidInvoiceStatus):
        start(platform)


def test_while_another_process_has_a_payment_under_way_no_second_one_begins(platform: Platform, tmp_path: Path):
    start(process(tmp_path))
    with pytest.raises(payment_processing.InvoicePaymentPending):
        start(platform)


def test_nobody_begins_a_payment_of_another_partys_invoice(platform: Platform):
    with pytest.raises(base.AccessDenied):
        start(platform, STRANGER)
