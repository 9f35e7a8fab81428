"""Rows to search in: states of machines written by hand, so that every column can be what a test needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from processing.domain.bank import TransactionInfo
from processing.domain.cart import InvoiceDetails
from processing.domain.money import Cash
from processing.domain.payer import ClientInfo, ContactInfo, HoldFlow, InstantFlow, PaymentResourcePayer
from processing.domain.payment_tool import BankCard, PaymentTerminal
from processing.domain.state import Invoice, Payment, Refund, ShopSnapshot, payment_of, put
from processing.domain.statuses import InvoiceStatus, OnHoldExpiration, PaymentStatus, RefundStatus
from processing.domain.values import Content
from processing.machine import MachineChange
from processing.search import projection
from processing.storage import events as records
from tests.processing.sandbox import NOW, PARTY, SHOP, Sandbox

SHOP_SNAPSHOT = ShopSnapshot(
    id=SHOP, name="Test shop", url="https://shop.example.com", category_id=1, settlement=1, guarantee=2
)
INSTANT = InstantFlow()
HOLD = HoldFlow(on_hold_expiration=OnHoldExpiration.CANCEL)


def rub(amount: int) -> Cash:
    return Cash(amount=amount, currency="RUB")


def card(**fields: Any) -> BankCard:
    given = {"token": "t", "payment_system": "visa", "bin": "424242", "last_digits": "4242"}
    return BankCard(**{**given, **fields})


TERMINAL = PaymentTerminal(provider="euroset")


def payer(tool: Any = None, email: str | None = None, ip: str | None = None, fingerprint: str | None = None) -> Any:
    client = ClientInfo(ip=ip, fingerprint=fingerprint) if ip or fingerprint else None
    return PaymentResourcePayer(payment_tool=tool or card(), contact_info=ContactInfo(email=email), client_info=client)


class Shelf(Sandbox):
    """Each `put_...` adds one object to a machine's state and projects the change."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sequences: dict[str, int] = {}
        self._states: dict[str, Invoice] = {}

    def put_invoice(
        self,
        invoice_id: str,
        at: float = 0,
        amount: int = 1000,
        status: InvoiceStatus = InvoiceStatus.UNPAID,
        **fields: Any,
    ) -> Invoice:
        """`at`: seconds after NOW."""
        made = Invoice(
            **{
                "id": invoice_id,
                "owner_id": PARTY,
                "shop_id": SHOP,
                "created_at": NOW + timedelta(seconds=at),
                "due": NOW + timedelta(days=1),
                "details": InvoiceDetails(product="tea"),
                "cost": rub(amount),
                "context": Content(type="application/json", data=b"{}"),
                "domain_revision": 1,
                "status": status,
                **fields,
            }
        )
        return self.change(made)

    def put_payment(
        self,
        invoice_id: str,
        payment_id: str = "1",
        at: float = 0,
        amount: int = 1000,
        status: PaymentStatus = PaymentStatus.PENDING,
        transaction: TransactionInfo | None = None,
        **fields: Any,
    ) -> Payment:
        owner = self._states[invoice_id]
        made = Payment(
            **{
                "id": payment_id,
                "invoice_id": invoice_id,
                "owner_id": owner.owner_id,
                "shop_id": owner.shop_id,
                "created_at": NOW + timedelta(seconds=at),
                "cost": rub(amount),
                "flow": INSTANT,
                "payer": payer(),
                "make_recurrent": False,
                "domain_revision": 1,
                "status_changed_at": NOW,
                "shop": SHOP_SNAPSHOT,
                "status": status,
                "transaction": transaction,
                **fields,
            }
        )
        self.change(replace(owner, payments=put(owner.payments, made)))
        return made

    def put_refund(
        self,
        invoice_id: str,
        refund_id: str,
        at: float = 0,
        status: RefundStatus = RefundStatus.PENDING,
        transaction: TransactionInfo | None = None,
        payment_id: str = "1",
    ) -> Refund:
        owner = self._states[invoice_id]
        made = Refund(
            id=refund_id,
            invoice_id=invoice_id,
            payment_id=payment_id,
            owner_id=owner.owner_id,
            shop_id=owner.shop_id,
            created_at=NOW + timedelta(seconds=at),
            cash=rub(100),
            cash_flow=(),
            status=status,
            transaction=transaction,
        )
        payment = payment_of(owner, payment_id)
        self.change_payment(replace(payment, refunds=put(payment.refunds, made)))
        return made

    def change_payment(self, payment: Payment) -> Invoice:
        owner = self._states[payment.invoice_id]
        return self.change(replace(owner, payments=put(owner.payments, payment)))

    def change(self, after: Invoice, times: int = 1) -> Invoice:
        """The machine looks like this now. `times`: how often the projection is given the change."""
        before = self._states.get(after.id)
        sequence = self._sequences.get(after.id, 0)
        with self.database.transaction() as tx:
            record = records.append(tx, after.id, sequence, "[]", kind="invoice", trace_id="t", now=NOW)
            for _ in range(times):
                projection.project(tx, MachineChange(record, (), before, (after,)))
        self._sequences[after.id], self._states[after.id] = sequence + 1, after
        return after

    def state(self, invoice_id: str) -> Invoice:
        return self._states[invoice_id]

    def rows(self, table: str) -> list[tuple]:
        with self.database.read() as tx:
            return tx.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").all()


def moment(seconds: float) -> str:
    """RFC 3339 of NOW and so many seconds."""
    return (NOW + timedelta(seconds=seconds)).astimezone(UTC).isoformat().replace("+00:00", "Z")


def since_epoch(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
