"""Webhook endpoints and their deliveries: params, patch and replays -> Thrift; Endpoint, EndpointDelivery -> JSON."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.ids import ENDPOINT, EVENT, SHOP, event_id_to_thrift, shop_id_to_thrift
from capi_v3.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import webhook_endpoints as webhooks

PAYLOAD_VERSION = "v3"
DELIVERY = "dlv_"
STATUS = {
    webhooks.EndpointStatus.ENABLED: "enabled",
    webhooks.EndpointStatus.DISABLED: "disabled",
    webhooks.EndpointStatus.FAILING: "failing",
}
STATUS_TO_THRIFT = {name: status for status, name in STATUS.items()}
DELIVERY_STATUS = {
    webhooks.EndpointDeliveryStatus.WAITING: "pending",
    webhooks.EndpointDeliveryStatus.DELIVERED: "delivered",
    webhooks.EndpointDeliveryStatus.DROPPED: "failed",
}
CLEARABLE = {"shopId": webhooks.EndpointField.SHOP_ID, "description": webhooks.EndpointField.DESCRIPTION}


def endpoint_params_to_thrift(body: Json, *, id: str, party_id: str) -> webhooks.EndpointParams:
    return webhooks.EndpointParams(
        id=id,
        party_id=party_id,
        shop_id=if_present(body.get("shopId"), shop_id_to_thrift),
        url=body["url"],
        event_types=body["eventTypes"],
        description=body.get("description"),
        payload_version=PAYLOAD_VERSION,
    )


def endpoint_patch_to_thrift(body: Json, *, if_revision: int | None) -> webhooks.EndpointUpdate:
    return webhooks.EndpointUpdate(
        url=body.get("url"),
        event_types=body.get("eventTypes"),
        description=body.get("description"),
        shop_id=if_present(body.get("shopId"), shop_id_to_thrift),
        status=STATUS_TO_THRIFT.get(body.get("status")),
        cleared=[field for name, field in CLEARABLE.items() if name in body and body[name] is None] or None,
        if_revision=if_revision,
    )


def replay_params_to_thrift(body: Json) -> webhooks.ReplayScope:
    created = body.get("createdAt", {})
    return webhooks.ReplayScope(
        after=if_present(body.get("after"), event_id_to_thrift),
        from_time=if_present(created.get("gte"), timestamp_to_thrift),
        to_time=if_present(created.get("lt"), timestamp_to_thrift),
        only_failed=body.get("only", "failed") == "failed",
    )


def replay_to_json(count: int) -> Json:
    return {"object": "replay", "count": count}


def endpoint_to_json(endpoint: webhooks.Endpoint) -> Json:
    """The secrets themselves are there only where the platform has just made them."""
    id = ENDPOINT + endpoint.id
    path = f"/v3/webhookEndpoints/{id}"
    return without_absent(
        {
            "id": id,
            "object": "webhookEndpoint",
            "createdAt": endpoint.created_at,
            "version": endpoint.revision,
            "links": {
                "self": path,
                "secrets": f"{path}/secrets",
                "replays": f"{path}/replays",
                "tests": f"{path}/tests",
                "deliveries": f"{path}/deliveries",
            },
            "url": endpoint.url,
            "eventTypes": endpoint.event_types,
            "shopId": if_present(endpoint.shop_id, SHOP.__add__),
            "description": endpoint.description,
            "status": STATUS[endpoint.status],
            "disabledReason": endpoint.disabled_reason,
            "payloadVersion": endpoint.payload_version,
            "secrets": [_secret_to_json(secret) for secret in endpoint.secrets],
            "health": _health_to_json(endpoint.health),
        }
    )


def delivery_to_json(delivery: webhooks.EndpointDelivery) -> Json:
    return without_absent(
        {
            "id": f"{DELIVERY}{delivery.id}",
            "object": "delivery",
            "eventId": EVENT + delivery.event_id,
            "eventType": delivery.event_type,
            "status": DELIVERY_STATUS[delivery.status],
            "isTest": delivery.is_test,
            "nextAttemptAt": delivery.next_attempt_at,
            "attempts": [_attempt_to_json(attempt) for attempt in delivery.attempts],
        }
    )


def _secret_to_json(secret: webhooks.EndpointSecret) -> Json:
    return without_absent(
        {
            "number": secret.number,
            "createdAt": secret.created_at,
            "expiresAt": secret.expires_at,
            "publicKey": secret.public_key,
            "secret": secret.secret,
        }
    )


def _health_to_json(health: webhooks.EndpointHealth) -> Json:
    return without_absent(
        {
            "pending": health.pending,
            "lastSuccessAt": health.last_success_at,
            "lastFailureAt": health.last_failure_at,
            "lastHttpStatus": health.last_http_status,
            "lastError": health.last_error,
            "heldUntil": health.held_until,
            "failingSince": health.failing_since,
        }
    )


def _attempt_to_json(attempt: webhooks.EndpointAttempt) -> Json:
    return without_absent(
        {
            "at": attempt.at,
            "httpStatus": attempt.http_status,
            "error": attempt.error,
            "durationMs": attempt.duration_ms,
        }
    )
