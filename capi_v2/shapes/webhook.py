"""Webhooks: Webhook -> webhooks.WebhookParams and back. The words of subscription differ from those of delivery."""

import base64
import re

from capi_v2.shapes.absent import Json
from rpc.protocol import webhooks
from translator.errors import NotFound

INVOICE_EVENT = {
    webhooks.InvoiceEventType.INVOICE_CREATED: "InvoiceCreated",
    webhooks.InvoiceEventType.INVOICE_PAID: "InvoicePaid",
    webhooks.InvoiceEventType.INVOICE_CANCELLED: "InvoiceCancelled",
    webhooks.InvoiceEventType.INVOICE_FULFILLED: "InvoiceFulfilled",
    webhooks.InvoiceEventType.PAYMENT_STARTED: "PaymentStarted",
    webhooks.InvoiceEventType.PAYMENT_PROCESSED: "PaymentProcessed",
    webhooks.InvoiceEventType.PAYMENT_CAPTURED: "PaymentCaptured",
    webhooks.InvoiceEventType.PAYMENT_CANCELLED: "PaymentCancelled",
    webhooks.InvoiceEventType.PAYMENT_REFUNDED: "PaymentRefunded",
    webhooks.InvoiceEventType.PAYMENT_FAILED: "PaymentFailed",
    webhooks.InvoiceEventType.REFUND_CREATED: "PaymentRefundCreated",
    webhooks.InvoiceEventType.REFUND_SUCCEEDED: "PaymentRefundSucceeded",
    webhooks.InvoiceEventType.REFUND_FAILED: "PaymentRefundFailed",
}
CUSTOMER_EVENT = {
    webhooks.CustomerEventType.CUSTOMER_CREATED: "CustomerCreated",
    webhooks.CustomerEventType.CUSTOMER_DELETED: "CustomerDeleted",
    webhooks.CustomerEventType.CUSTOMER_READY: "CustomerReady",
    webhooks.CustomerEventType.BINDING_STARTED: "CustomerBindingStarted",
    webhooks.CustomerEventType.BINDING_SUCCEEDED: "CustomerBindingSucceeded",
    webhooks.CustomerEventType.BINDING_FAILED: "CustomerBindingFailed",
}
INVOICE_EVENT_TO_THRIFT = {name: kind for kind, name in INVOICE_EVENT.items()}
CUSTOMER_EVENT_TO_THRIFT = {name: kind for kind, name in CUSTOMER_EVENT.items()}
ID = re.compile(r"[1-9][0-9]{0,18}")
ID_MAX = 2**63 - 1


def webhook_id_to_thrift(text: str) -> int:
    """Raises NotFound for a text that no webhook can be called by."""
    if not ID.fullmatch(text) or int(text) > ID_MAX:
        raise NotFound
    return int(text)


def webhook_params_to_thrift(body: Json, *, party_id: str) -> webhooks.WebhookParams:
    scope = _SCOPE_TO_THRIFT[body["scope"]["topic"]](body["scope"])
    return webhooks.WebhookParams(party_id=party_id, scope=scope, url=body["url"])


def webhook_to_json(webhook: webhooks.Webhook) -> Json:
    return {
        "id": str(webhook.id),
        "active": webhook.enabled,
        "scope": _SCOPE_TO_JSON[webhook.scope.which()](webhook.scope.value),
        "partyID": webhook.party_id,
        "url": webhook.url,
        "publicKey": base64.b64encode(webhook.public_key).decode(),
    }


def _invoices_to_thrift(scope: Json) -> webhooks.WebhookScope:
    kinds = _kinds(scope["eventTypes"], INVOICE_EVENT_TO_THRIFT)
    return webhooks.WebhookScope(invoices=webhooks.InvoicesScope(shop_id=scope["shopID"], event_types=kinds))


def _customers_to_thrift(scope: Json) -> webhooks.WebhookScope:
    kinds = _kinds(scope["eventTypes"], CUSTOMER_EVENT_TO_THRIFT)
    return webhooks.WebhookScope(customers=webhooks.CustomersScope(shop_id=scope["shopID"], event_types=kinds))


def _kinds(names: list[str], table: dict[str, int]) -> list[int]:
    """Each kind once, in the order of its first mention."""
    return list(dict.fromkeys(table[name] for name in names))


def _invoices_to_json(scope: webhooks.InvoicesScope) -> Json:
    return {"topic": "InvoicesTopic", "shopID": scope.shop_id, "eventTypes": _names(scope.event_types, INVOICE_EVENT)}


def _customers_to_json(scope: webhooks.CustomersScope) -> Json:
    return {"topic": "CustomersTopic", "shopID": scope.shop_id, "eventTypes": _names(scope.event_types, CUSTOMER_EVENT)}


def _names(kinds: list[int], table: dict[int, str]) -> list[str]:
    """Kinds that this version has no word for are left out."""
    return [table[kind] for kind in kinds if kind in table]


_SCOPE_TO_THRIFT = {"InvoicesTopic": _invoices_to_thrift, "CustomersTopic": _customers_to_thrift}
_SCOPE_TO_JSON = {"invoices": _invoices_to_json, "customers": _customers_to_json}
