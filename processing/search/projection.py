"""The rows of a search, written in the transaction of the change that made them necessary.

A row is written when what merchants see has changed, not at every step of a machine. Writing it again changes nothing.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from processing.domain.payer import PaymentResourcePayer
from processing.domain.payment_tool import BankCard, PaymentTerminal, kind_of
from processing.domain.state import Invoice, Payment, Refund
from processing.machine import MachineChange
from processing.storage.moments import to_ms
from processing.storage.port import Tx

Row = dict[str, Any]

# What of a machine is nobody's business but its own: left out of the rows.
OWN_OF_INVOICE: Row = {"payments": (), "allocation_accounts": {}, "stop": None, "told": 1}
OWN_OF_PAYMENT: Row = {
    "captured_at": None,
    "route": None,
    "fees": (),
    "accounts": {},
    "allocation_accounts": {},
    "cash_flow": (),
    "plan_id": None,
    "session": None,
    "capture": None,
    "cancel_reason": None,
    "reversal": None,
    "stuck_since": None,
    "refunds": (),
    "chargebacks": (),
    "told": 1,
}
OWN_OF_REFUND: Row = {"cash_flow": (), "session": None, "told": 1}

_encode = msgspec.json.Encoder().encode


def project(tx: Tx, change: MachineChange) -> None:
    """The projection of processing.machine: upserts the rows whose objects look different now."""
    before, after = change.before, change.after
    if before is None or _shown(before, OWN_OF_INVOICE) != _shown(after, OWN_OF_INVOICE):
        _upsert(tx, "search_invoices", ("id",), _invoice_row(after))
    for was, payment in _pairs(before.payments if before else (), after.payments):
        if payment is not was:
            _project_payment(tx, was, payment)


def _project_payment(tx: Tx, was: Payment | None, payment: Payment) -> None:
    if was is None or _shown(was, OWN_OF_PAYMENT) != _shown(payment, OWN_OF_PAYMENT):
        _upsert(tx, "search_payments", ("invoice_id", "payment_id"), _payment_row(payment))
    is_same_transaction = was is not None and was.transaction == payment.transaction
    for old, refund in _pairs(was.refunds if was else (), payment.refunds):
        is_same = old is not None and _shown(old, OWN_OF_REFUND) == _shown(refund, OWN_OF_REFUND)
        if not (is_same and is_same_transaction):
            _upsert(tx, "search_refunds", ("invoice_id", "payment_id", "refund_id"), _refund_row(payment, refund))


def _invoice_row(invoice: Invoice) -> Row:
    return {
        "id": invoice.id,
        "party_id": invoice.owner_id,
        "shop_id": invoice.shop_id,
        "created_at_ms": to_ms(invoice.created_at),
        "status": invoice.status.value,
        "amount": invoice.cost.amount,
        "body": _body(invoice, OWN_OF_INVOICE),
    }


def _payment_row(payment: Payment) -> Row:
    return {
        "invoice_id": payment.invoice_id,
        "payment_id": payment.id,
        "party_id": payment.owner_id,
        "shop_id": payment.shop_id,
        "created_at_ms": to_ms(payment.created_at),
        "status": payment.status.value,
        "amount": (payment.captured_cost or payment.cost).amount,
        "flow": payment.flow.__struct_config__.tag,
        **_payer_columns(payment),
        **_tool_columns(payment),
        "rrn": payment.transaction.rrn if payment.transaction else None,
        "approval_code": payment.transaction.approval_code if payment.transaction else None,
        "body": _body(payment, OWN_OF_PAYMENT),
    }


def _payer_columns(payment: Payment) -> Row:
    payer = payment.payer
    client = payer.client_info if isinstance(payer, PaymentResourcePayer) else None
    return {
        "payer_email": payer.contact_info.email,
        "payer_ip": client.ip if client else None,
        "payer_fingerprint": client.fingerprint if client else None,
    }


def _tool_columns(payment: Payment) -> Row:
    tool = payment.payer.payment_tool
    card = tool if isinstance(tool, BankCard) else None
    return {
        "tool": kind_of(tool) if tool else None,
        "terminal_provider": tool.provider if isinstance(tool, PaymentTerminal) else None,
        "token_provider": card.token_provider if card else None,
        "payment_system": card.payment_system if card else None,
        "first6": card.bin[:6] if card else None,
        "last4": card.last_digits[-4:] if card else None,
    }


def _refund_row(payment: Payment, refund: Refund) -> Row:
    return {
        "invoice_id": refund.invoice_id,
        "payment_id": refund.payment_id,
        "refund_id": refund.id,
        "party_id": refund.owner_id,
        "shop_id": refund.shop_id,
        "created_at_ms": to_ms(refund.created_at),
        "status": refund.status.value,
        "rrn": refund.transaction.rrn if refund.transaction else None,
        "approval_code": refund.transaction.approval_code if refund.transaction else None,
        "payment_rrn": payment.transaction.rrn if payment.transaction else None,
        "payment_approval_code": payment.transaction.approval_code if payment.transaction else None,
        "body": _body(refund, OWN_OF_REFUND),
    }


def _shown(thing: Invoice | Payment | Refund, own: Row) -> Invoice | Payment | Refund:
    return replace(thing, **own)


def _body(thing: Invoice | Payment | Refund, own: Row) -> str:
    return _encode(_shown(thing, own)).decode()


def _pairs(old: Iterable[Any], new: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Each of the new ones with what it was before."""
    known = {thing.id: thing for thing in old}
    return [(known.get(thing.id), thing) for thing in new]


def _upsert(tx: Tx, table: str, key: tuple[str, ...], row: Row) -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    changed = ", ".join(f"{name} = excluded.{name}" for name in row if name not in key)
    tx.later(
        f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}",
        tuple(row.values()),
    )
