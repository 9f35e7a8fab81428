"""Webhooks: ours <-> Thrift."""

from typing import Any

from processing.domain.errors import InvalidRequest
from processing.services.wire.times import to_text
from processing.webhooks.deliveries import Attempt, Delivery
from processing.webhooks.hooks import Hook, NewHook
from rpc.protocol import webhooks

# Field of the union WebhookScope -> its struct and the enum of its event types.
TOPICS: dict[str, tuple[Any, Any]] = {
    "invoices": (webhooks.InvoicesScope, webhooks.InvoiceEventType),
    "customers": (webhooks.CustomersScope, webhooks.CustomerEventType),
}


def new_hook(params: webhooks.WebhookParams) -> NewHook:
    """Raises InvalidRequest for an event type that is not known here."""
    topic, scope = params.scope.which(), params.scope.value
    _, members = TOPICS[topic]
    names = [members.name_of(number) for number in dict.fromkeys(scope.event_types)]
    if None in names:
        raise InvalidRequest([f"{members.__name__} has a value that is not known here"])
    return NewHook(params.party_id, scope.shop_id, topic, tuple(names), params.url)


def hook_to_thrift(hook: Hook) -> webhooks.Webhook:
    struct, members = TOPICS[hook.topic]
    scope = struct(shop_id=hook.shop_id, event_types=[members.number_of(name) for name in hook.event_types])
    return webhooks.Webhook(
        id=hook.id,
        party_id=hook.party_id,
        scope=webhooks.WebhookScope(**{hook.topic: scope}),
        url=hook.url,
        public_key=hook.public_key,
        enabled=hook.is_enabled,
    )


def delivery_to_thrift(delivery: Delivery) -> webhooks.Delivery:
    due = delivery.next_attempt_at
    return webhooks.Delivery(
        id=delivery.id,
        webhook_id=delivery.hook_id,
        invoice_id=delivery.invoice_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        status=webhooks.DeliveryStatus.number_of(delivery.status.upper()),
        attempts=[_attempt_to_thrift(attempt) for attempt in delivery.attempts],
        next_attempt_at=None if due is None else to_text(due),
        trace_id=delivery.trace_id,
    )


def _attempt_to_thrift(attempt: Attempt) -> webhooks.DeliveryAttempt:
    return webhooks.DeliveryAttempt(
        at=to_text(attempt.at),
        http_status=attempt.http_status,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
    )
