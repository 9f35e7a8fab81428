"""What happened to an invoice: payment_processing.Event -> InvoiceEvent. Changes without a public form are left out."""

from collections.abc import Callable
from typing import Any

from capi_v1.shapes.absent import Json
from capi_v1.shapes.invoice import invoice_status_to_json, invoice_to_json
from capi_v1.shapes.payment import payment_status_to_json, payment_to_json
from capi_v1.shapes.refund import refund_status_to_json, refund_to_json
from capi_v1.shapes.user_interaction import user_interaction_to_json
from rpc.protocol import payment_processing

Change = Callable[[Any, str], Json | None]


def invoice_event_to_json(event: payment_processing.Event, consumer: str) -> Json | None:
    """InvoiceEvent {id, createdAt, changes}, or None when none of its changes is public."""
    changes = [json for change in event.changes if (json := _change_to_json(change, consumer)) is not None]
    return {"id": event.id, "createdAt": event.created_at, "changes": changes} if changes else None


def _change_to_json(change: payment_processing.InvoiceChange, consumer: str) -> Json | None:
    to_json = CHANGES.get(change.which())
    return None if to_json is None else to_json(change.value, consumer)


def _invoice_created(change: payment_processing.InvoiceCreated, consumer: str) -> Json:
    return {"changeType": "InvoiceCreated", "invoice": invoice_to_json(change.invoice)}


def _invoice_status_changed(change: payment_processing.InvoiceStatusChanged, consumer: str) -> Json:
    return {"changeType": "InvoiceStatusChanged", **invoice_status_to_json(change.status, change.reason)}


def _payment_started(change: payment_processing.PaymentStarted, consumer: str) -> Json:
    return {"changeType": "PaymentStarted", "payment": payment_to_json(change.payment, consumer)}


def _payment_status_changed(change: payment_processing.PaymentStatusChanged, consumer: str) -> Json:
    status = payment_status_to_json(change.status, change.failure)
    return {"changeType": "PaymentStatusChanged", "paymentID": change.payment_id, **status}


def _interaction_requested(change: payment_processing.PaymentInteractionRequested, consumer: str) -> Json | None:
    interaction = user_interaction_to_json(change.interaction)
    if interaction is None:
        return None
    return {
        "changeType": "PaymentInteractionRequested",
        "paymentID": change.payment_id,
        "userInteraction": interaction,
    }


def _refund_started(change: payment_processing.RefundStarted, consumer: str) -> Json:
    return {
        "changeType": "RefundStarted",
        "paymentID": change.payment_id,
        "refund": refund_to_json(change.refund),
    }


def _refund_status_changed(change: payment_processing.RefundStatusChanged, consumer: str) -> Json:
    return {
        "changeType": "RefundStatusChanged",
        "paymentID": change.payment_id,
        "refundID": change.refund_id,
        **refund_status_to_json(change.status, change.failure),
    }


CHANGES: dict[str | None, Change] = {
    "invoice_created": _invoice_created,
    "invoice_status_changed": _invoice_status_changed,
    "payment_started": _payment_started,
    "payment_status_changed": _payment_status_changed,
    "payment_interaction_requested": _interaction_requested,
    "refund_started": _refund_started,
    "refund_status_changed": _refund_status_changed,
}
