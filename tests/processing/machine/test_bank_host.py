"""What banks tell the platform by themselves, and what a payment gets when nobody said how long it may take."""

from datetime import timedelta
from pathlib import Path

import pytest

from processing import parties
from processing.bootstrap import Platform, build, handlers
from processing.domain.commands import BeginSessionCall
from processing.domain.state import Invoice
from processing.domain.statuses import InvoiceStatus
from rpc.protocol import bank_adapter, base, domain, payment_processing
from settings import load
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import CONTRACT, PARTY, SHOP, TRACE, ToldClock, approved, next_call

MERCHANT = as_party(PARTY)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """With a shop."""
    built = build(load({"CAPI_STATE_DIRECTORY": str(tmp_path), "CAPI_RPC_SIGNATURES": "false"}), clock=ToldClock())
    with built.database.transaction() as tx:
        parties.create(tx, PARTY, None, built.clock())
        new = parties.NewShop(SHOP, "RUB", 1, "https://shop.example.com", "Test shop", None, CONTRACT)
        parties.create_shop(tx, PARTY, new, built.clock())
    return built


@pytest.fixture
def host(platform: Platform) -> Asked:
    return Asked(handlers(platform)["bank_adapter_host"])


def unpaid(platform: Platform, invoice_id: str = "inv1") -> None:
    params = payment_processing.InvoiceParams(
        id=invoice_id,
        party_id=PARTY,
        shop_id=SHOP,
        details=domain.InvoiceDetails(product="Tea"),
        amount=10_000,
        currency="RUB",
        due="2199-01-01T00:00:00.000Z",
        context=base.Content(type="application/json", data=b"{}"),
    )
    Asked(handlers(platform)["invoicing"], MERCHANT).Create(params)


def start(platform: Platform, deadline: str | None = None) -> domain.Payment:
    card = domain.BankCard(token="card-1", payment_system="visa", bin="424242", last_digits="4242")
    payer = domain.PaymentResourcePayer(
        payment_tool=domain.PaymentTool(bank_card=card), contact_info=domain.ContactInfo(email="payer@example.com")
    )
    params = payment_processing.PaymentParams(
        id="1",
        payer=domain.Payer(payment_resource=payer),
        flow=domain.PaymentFlow(instant=domain.InstantFlow()),
        make_recurrent=False,
        processing_deadline=deadline,
    )
    return Asked(handlers(platform)["invoicing"], MERCHANT).StartPayment("inv1", params)


def paid(platform: Platform) -> Invoice:
    unpaid(platform)
    start(platform)
    machine = platform.machines.get("inv1")
    while machine.status is InvoiceStatus.UNPAID:
        begun = platform.machines.execute("inv1", BeginSessionCall(payment_id="1"), TRACE).state
        machine = platform.machines.execute("inv1", approved(next_call(begun), begun), TRACE).state
    return machine


def notice(dispute: str, amount: int = 1_000, reference: str = "inv1.1") -> bank_adapter.ChargebackNotice:
    body, levy = domain.Cash(amount=amount, currency="RUB"), domain.Cash(amount=100, currency="RUB")
    return bank_adapter.ChargebackNotice(reference=reference, external_id=dispute, body=body, levy=levy)


# ------------------------------------------------------------------------------------------------------- deadlines


def test_a_payment_without_a_deadline_of_its_own_gets_the_platforms(platform: Platform):
    unpaid(platform)
    start(platform)
    lifetime = timedelta(seconds=platform.settings.processing.payment_deadline_s)
    assert platform.machines.get("inv1").payments[0].processing_deadline == platform.clock() + lifetime
    assert lifetime == timedelta(minutes=30)


def test_a_payments_own_deadline_is_kept(platform: Platform):
    unpaid(platform)
    start(platform, "2026-03-01T12:00:03.000Z")
    deadline = platform.machines.get("inv1").payments[0].processing_deadline
    assert deadline == platform.clock() + timedelta(seconds=3)


def test_a_payment_that_is_asked_for_again_keeps_its_first_deadline(platform: Platform):
    unpaid(platform)
    start(platform)
    first = platform.machines.get("inv1")
    platform.clock.forward(60)
    start(platform)
    assert platform.machines.get("inv1") == first


# -------------------------------------------------------------------------------------------------------- disputes


def test_every_dispute_of_a_bank_is_a_chargeback_once(platform: Platform, host: Asked):
    paid(platform)
    for dispute in ("D1", "D2", "D1"):
        host.OpenChargeback(notice(dispute))
    chargebacks = platform.machines.get("inv1").payments[0].chargebacks
    assert [(each.id, each.external_id) for each in chargebacks] == [("1", "D1"), ("2", "D2")]


REFUSED = [
    ("nothing of the payment is left", notice("D2", 10_000), base.InvalidRequest),
    ("no such payment", notice("D1", reference="inv1.2"), bank_adapter.SessionNotFound),
    ("no such invoice", notice("D1", reference="inv2.1"), bank_adapter.SessionNotFound),
    ("no reference of ours", notice("D1", reference="x"), bank_adapter.SessionNotFound),
    ("free of charge", bank_adapter.ChargebackNotice(
        reference="inv1.1", external_id="D1", body=domain.Cash(amount=1, currency="RUB"),
        levy=domain.Cash(amount=0, currency="RUB")), base.InvalidRequest),
]  # fmt: skip


@pytest.mark.parametrize(("told", "refusal"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_dispute_that_cannot_be_is_refused_in_words_that_the_bank_understands(
    platform: Platform, host: Asked, told: bank_adapter.ChargebackNotice, refusal: type[Exception]
):
    paid(platform)
    host.OpenChargeback(notice("D0", 5_000))
    with pytest.raises(refusal):
        host.OpenChargeback(told)


def test_a_dispute_over_money_that_was_never_taken_is_refused(platform: Platform, host: Asked):
    unpaid(platform)
    start(platform)
    with pytest.raises(base.InvalidRequest, match="pending"):
        host.OpenChargeback(notice("D1"))
