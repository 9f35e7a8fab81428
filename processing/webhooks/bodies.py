"""The message about an invoice as its receiver reads it: the JSON of the reference's webhook events.

    {eventID, occuredAt, topic, eventType, invoice, payment?, refund?}

`eventID` is a number of the webhooks' own series: unique to one change of one record, growing along an invoice, and
the same in every repetition and for every hook. Objects are as they stood right after the change. The words of
`eventType` are those of delivery, which differ from those of subscription (RefundCreated, not PaymentRefundCreated).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from processing.domain.cart import Cart, CartLine
from processing.domain.failure import Failure, OperationFailure, SubFailure
from processing.domain.payer import ContactInfo, PaymentResourcePayer, RecurrentPayer
from processing.domain.payment_tool import BankCard, CryptoWallet, DigitalWallet, MobileCommerce, PaymentTerminal
from processing.domain.public_changes import (
    Change,
    PaymentStarted,
    PaymentStatusChanged,
    RefundStarted,
    RefundStatusChanged,
)
from processing.domain.state import Invoice, Payment, Refund, payment_of, refund_of
from processing.domain.statuses import PaymentStatus
from processing.domain.values import Content
from processing.storage.moments import from_ms, to_ms

Json = dict[str, Any]

TOPIC = "InvoicesTopic"
MEDIA_TYPE = "application/json; charset=utf-8"

# Word of subscription (member of the IDL's InvoiceEventType) -> word of delivery.
EVENT_TYPES: Mapping[str, str] = {
    "INVOICE_CREATED": "InvoiceCreated",
    "INVOICE_PAID": "InvoicePaid",
    "INVOICE_CANCELLED": "InvoiceCancelled",
    "INVOICE_FULFILLED": "InvoiceFulfilled",
    "PAYMENT_STARTED": "PaymentStarted",
    "PAYMENT_PROCESSED": "PaymentProcessed",
    "PAYMENT_CAPTURED": "PaymentCaptured",
    "PAYMENT_CANCELLED": "PaymentCancelled",
    "PAYMENT_REFUNDED": "PaymentRefunded",
    "PAYMENT_FAILED": "PaymentFailed",
    "REFUND_CREATED": "RefundCreated",
    "REFUND_SUCCEEDED": "RefundSucceeded",
    "REFUND_FAILED": "RefundFailed",
}

_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def body(event_id: int, event_type: str, at: datetime, change: Change, after: Invoice) -> bytes:
    """The exact bytes to sign and send. `event_type` is a key of EVENT_TYPES, `after` the machine after the change."""
    payment, refund = told_of(change, after)
    return _encode(
        _present(
            eventID=event_id,
            occuredAt=_time(at),
            topic=TOPIC,
            eventType=EVENT_TYPES[event_type],
            invoice=_invoice(after),
            payment=_payment(payment) if payment else None,
            refund=_refund(refund) if refund else None,
        )
    )


def told_of(change: Change, after: Invoice) -> tuple[Payment | None, Refund | None]:
    """The payment and the refund that the change is about."""
    match change:
        case PaymentStarted():
            return payment_of(after, change.payment.id), None
        case PaymentStatusChanged():
            return payment_of(after, change.payment_id), None
        case RefundStarted():
            payment = payment_of(after, change.payment_id)
            return payment, refund_of(payment, change.refund.id)
        case RefundStatusChanged():
            payment = payment_of(after, change.payment_id)
            return payment, refund_of(payment, change.refund_id)
    return None, None


def _invoice(invoice: Invoice) -> Json:
    return _present(
        id=invoice.id,
        shopID=invoice.shop_id,
        createdAt=_time(invoice.created_at),
        status=invoice.status.value,
        reason=invoice.status_reason,
        dueDate=_time(invoice.due),
        amount=invoice.cost.amount,
        currency=invoice.cost.currency,
        metadata=_metadata(invoice.context),
        product=invoice.details.product,
        description=invoice.details.description,
        cart=_cart(invoice.details.cart),
    )


def _payment(payment: Payment) -> Json:
    """A partly captured payment is worth what was captured. One that the bank took back is shown as refunded."""
    cost = payment.captured_cost or payment.cost
    is_taken_back = payment.status is PaymentStatus.CHARGED_BACK
    return _present(
        id=payment.id,
        createdAt=_time(payment.created_at),
        status=(PaymentStatus.REFUNDED if is_taken_back else payment.status).value,
        error=_error(payment.failure, is_nested=True),
        amount=cost.amount,
        currency=cost.currency,
        **_payer(payment.payer),
        fee=payment.fee.amount if payment.fee else None,
        rrn=payment.transaction.rrn if payment.transaction else None,
    )


def _payer(payer: PaymentResourcePayer | RecurrentPayer) -> Json:
    """The payer, and once more flat what older receivers read beside it."""
    contact = _contact(payer.contact_info)
    tool = _tool(payer.payment_tool) if payer.payment_tool else None
    if isinstance(payer, RecurrentPayer):
        parent = {"invoiceID": payer.parent.invoice_id, "paymentID": payer.parent.payment_id}
        said = {"payerType": "RecurrentPayer", "recurrentParentPayment": parent}
        return {
            "payer": _present(**said, contactInfo=contact, paymentToolDetails=tool),
            "contactInfo": contact,
        }
    flat = _present(
        paymentToolToken=payer.payment_tool_token, paymentSession=payer.payment_session, contactInfo=contact
    )
    client = payer.client_info
    device = _present(ip=client.ip, fingerprint=client.fingerprint) if client else {}
    nested = _present(payerType="PaymentResourcePayer", **flat, clientInfo=device or None, paymentToolDetails=tool)
    return {**flat, **device, "payer": nested}


def _refund(refund: Refund) -> Json:
    return _present(
        id=refund.id,
        createdAt=_time(refund.created_at),
        amount=refund.cash.amount,
        currency=refund.cash.currency,
        reason=refund.reason,
        status=refund.status.value,
        error=_error(refund.failure, is_nested=False),
    )


def _cart(cart: Cart | None) -> list[Json] | None:
    return None if cart is None else [_line(line) for line in cart]


def _line(line: CartLine) -> Json:
    rate = line.tax_mode.vat if line.tax_mode else None
    return _present(
        product=line.product,
        quantity=line.quantity,
        price=line.price.amount,
        cost=line.price.amount * line.quantity,
        taxMode={"type": "InvoiceLineTaxVAT", "rate": rate} if rate else None,
    )


def _contact(contact: ContactInfo) -> Json:
    return _present(email=contact.email, phoneNumber=contact.phone_number)


def _tool(tool: BankCard | PaymentTerminal | DigitalWallet | CryptoWallet | MobileCommerce) -> Json:
    """What the payment was made with, masked: six first and four last digits of a card at most."""
    match tool:
        case BankCard():
            said = _card(tool)
        case PaymentTerminal() | DigitalWallet():
            said = {"provider": tool.provider}
        case CryptoWallet():
            said = {"cryptoCurrency": tool.currency}
        case MobileCommerce():
            said = {"phoneNumber": f"+{tool.cc}{'*' * max(len(tool.ctn) - 4, 0)}{tool.ctn[-4:]}"}
    return {"detailsType": f"PaymentToolDetails{type(tool).__name__}", **said}


def _card(card: BankCard) -> Json:
    first6, last4 = card.bin[:6], card.last_digits[-4:]
    return _present(
        cardNumberMask=f"{first6}******{last4}",
        first6=first6 or None,
        last4=last4,
        paymentSystem=card.payment_system,
        tokenProvider=card.token_provider,
        tokenizationMethod=card.tokenization_method.value if card.tokenization_method else None,
    )


def _error(failure: OperationFailure | None, *, is_nested: bool) -> Json | None:
    """`code`, `message` for people, and the branches below the code where the message has them."""
    if failure is None:
        return None
    if not isinstance(failure, Failure):
        return {"code": "timeout", "message": "The operation took too long"}
    sub = _sub_error(failure.sub) if is_nested else None
    return _present(code=failure.code, message=failure.reason or failure.code, subError=sub)


def _sub_error(sub: SubFailure | None) -> Json | None:
    return None if sub is None else _present(code=sub.code, subError=_sub_error(sub.sub))


def _metadata(content: Content) -> msgspec.Raw | Json:
    """The merchant's own object byte for byte; an empty one for bytes that are no JSON object."""
    try:
        _decode_object(content.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return msgspec.Raw(content.data)


def _time(moment: datetime) -> str:
    """2026-03-01T12:00:00.000Z"""
    return from_ms(to_ms(moment)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _present(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
