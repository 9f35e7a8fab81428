"""The two processes as they are started: real ports, signed calls, kill -9, a second start with the same state.

The bank's adapter is the only part that is played here, over the real wire.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rpc.client import BlockingClient
from rpc.context import Context
from rpc.protocol import bank_adapter, base, domain, party, payment_processing
from rpc.server import rpc_app
from tests.fakes.loopback import listening
from tests.postgres.fixtures import DIALECTS
from tests.processing.asking import INTERNAL, as_party

ROOT = Path(__file__).parents[3]
SECRET = b"a secret of internal calls, 32 bytes or more"


class Approver:
    """Serves bank_adapter.ProviderProxy: approves everything, notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Context, bank_adapter.PaymentContext]] = []

    def ProcessPayment(self, context: Context, payment: bank_adapter.PaymentContext) -> bank_adapter.ProxyResult:
        self.asked.append((context, payment))
        intent = bank_adapter.Intent(
            finish=bank_adapter.Finish(status=bank_adapter.FinishStatus(success=bank_adapter.Success()))
        )
        transaction = domain.TransactionInfo(id=f"bank-{payment.invoice.id}")
        return bank_adapter.ProxyResult(intent=intent, transaction=transaction)

    def HandlePaymentCallback(self, context: Context, callback: bytes, payment: Any) -> bank_adapter.CallbackResult:
        raise NotImplementedError


@dataclass
class Running:
    """A process and the URL of its port."""

    process: subprocess.Popen
    url: str

    def status(self, path: str) -> int:
        with urllib.request.urlopen(self.url + path) as answer:
            return answer.status

    def kill(self) -> None:
        """The whole process group, as when the machine loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def terminate(self) -> int:
        """TERM, as Ctrl-C does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.read()
        return self.process.wait(15)


@pytest.fixture
def bank() -> Approver:
    return Approver()


@pytest.fixture(params=DIALECTS)
def start(request: pytest.FixtureRequest, tmp_path: Path, bank: Approver) -> Iterator[Callable[[str], Running]]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    secret_file = tmp_path / "secrets" / "rpc.key"
    secret_file.parent.mkdir(mode=0o700)
    secret_file.write_bytes(SECRET)
    started: list[Running] = []
    with listening(rpc_app({"/v1/proxy/mock": (bank_adapter.ProviderProxy, bank)}, secret=SECRET)) as vault_url:
        env = {
            **os.environ,
            "CAPI_STATE_DIRECTORY": str(tmp_path),
            "CAPI_VAULT_URL": vault_url,
            "CAPI_PROCESSING_DATABASE_URL": url,
            "CAPI_PROCESSING_PORT": "0",
            "CAPI_WORKERS_PORT": "0",
        }

        def start_one(module: str) -> Running:
            process = subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, env=env, stdout=subprocess.PIPE, start_new_session=True
            )
            line = next(line for line in process.stdout if b"serving.started" in line)
            running = Running(process, f"http://127.0.0.1:{json.loads(line)['port']}")
            started.append(running)
            until(lambda: running.status("/ready") == 200)
            return running

        yield start_one
        for running in started:
            if running.process.poll() is None:
                running.kill()


def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def bound(running: Running, context: Context = INTERNAL) -> Any:
    return BlockingClient({"processing": running.url}, SECRET, "test").bind(context)


def open_shop(rpc: Any) -> None:
    rpc.party_management.Create("demo", party.PartyParams())
    params = party.ShopParams(
        id="TESTSHOP",
        currency="RUB",
        category_id=1,
        location=domain.ShopLocation(url="https://shop.example.com"),
        details=domain.ShopDetails(name="Test shop"),
        contract_id="default",
    )
    rpc.party_management.CreateShop("demo", params)


def create_invoice(rpc: Any, invoice_id: str) -> domain.Invoice:
    params = payment_processing.InvoiceParams(
        id=invoice_id,
        party_id="demo",
        shop_id="TESTSHOP",
        details=domain.InvoiceDetails(product="Tea"),
        amount=10_000,
        currency="RUB",
        due="2199-01-01T00:00:00.000Z",
        context=base.Content(type="application/json", data=b"{}"),
    )
    return rpc.invoicing.Create(params)


def start_payment(rpc: Any, invoice_id: str) -> domain.Payment:
    card = domain.BankCard(token="card-1", payment_system="visa", bin="424242", last_digits="4242")
    payer = domain.PaymentResourcePayer(
        payment_tool=domain.PaymentTool(bank_card=card), contact_info=domain.ContactInfo(email="payer@example.com")
    )
    params = payment_processing.PaymentParams(
        id="1",
        payer=domain.Payer(payment_resource=payer),
        flow=domain.PaymentFlow(instant=domain.InstantFlow()),
        make_recurrent=False,
    )
    return rpc.invoicing.StartPayment(invoice_id, params)


def is_paid(rpc: Any, invoice_id: str) -> bool:
    return rpc.invoicing.Get(invoice_id).status == domain.InvoiceStatus.PAID


def test_what_was_acknowledged_survives_a_kill_and_goes_on(start: Callable[[str], Running], bank: Approver):
    processing = start("processing")
    rpc = bound(processing)
    open_shop(rpc)
    merchant = bound(processing, as_party("demo"))
    made = create_invoice(merchant, "inv1")
    assert start_payment(merchant, "inv1").status == domain.PaymentStatus.PENDING
    processing.kill()

    processing, workers = start("processing"), start("processing.workers")
    rpc = bound(processing)
    assert rpc.invoicing.Get("inv1").created_at == made.created_at
    until(lambda: is_paid(rpc, "inv1"))
    assert [payment.reference for _, payment in bank.asked] == ["inv1.1", "inv1.1.capture"]
    assert {context.trace_id for context, _ in bank.asked} == {merchant.context.trace_id}
    shop = rpc.party_management.GetShop("demo", "TESTSHOP")
    assert rpc.ledger.GetAccount(shop.account.settlement).own_amount == 10_000 - 280
    assert [(total.own_amount, total.pending_amount) for total in rpc.ledger.Verify()] == [(0, 0)] * 3
    events = rpc.event_sink.GetEvents(payment_processing.EventRange(limit=100))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert rpc.event_sink.GetLastEventID() == events[-1].id
    assert (workers.status("/health"), workers.status("/metrics")) == (200, 200)
    assert (workers.terminate(), processing.terminate()) == (0, 0)


def test_a_payment_goes_on_within_a_moment(start: Callable[[str], Running]):
    """From the merchant's call in one process to the bank's answer taken in by another, without a wake-up call."""
    processing = start("processing")
    start("processing.workers")
    rpc = bound(processing)
    open_shop(rpc)
    took = []
    for n in range(5):
        create_invoice(rpc, f"inv{n}")
        began = time.monotonic()
        start_payment(rpc, f"inv{n}")
        until(lambda n=n: is_paid(rpc, f"inv{n}"))
        took.append(time.monotonic() - began)
    assert min(took) < 0.5


def test_another_party_s_invoice_is_denied_over_the_wire(start: Callable[[str], Running]):
    processing = start("processing")
    open_shop(bound(processing))
    create_invoice(bound(processing), "inv1")
    with pytest.raises(base.AccessDenied):
        bound(processing, as_party("other")).invoicing.Get("inv1")
