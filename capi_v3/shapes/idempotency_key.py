"""What became of a request: idempotency.KeyState -> IdempotencyKey, with the first answer's own bytes."""

import orjson

from capi_v3.shapes import ids
from capi_v3.shapes.absent import Json, if_present, without_absent
from rpc.protocol import idempotency

STATUS = {
    idempotency.KeyStatus.RUNNING: "running",
    idempotency.KeyStatus.DONE: "done",
    idempotency.KeyStatus.UNKNOWN: "unknown",
    idempotency.KeyStatus.INTERRUPTED: "interrupted",
}
PATHS = {
    ids.INVOICE: "invoices",
    ids.PAYMENT: "payments",
    ids.REFUND: "refunds",
    ids.PAYMENT_LINK: "paymentLinks",
    ids.ENDPOINT: "webhookEndpoints",
}


def key_state_to_json(key: str, state: idempotency.KeyState, *, is_open: bool) -> Json:
    """`is_open`: with the answer."""
    return without_absent(
        {
            "object": "idempotencyKey",
            "key": key,
            "status": STATUS[state.status],
            "operation": state.operation,
            "createdAt": state.created_at,
            "finishedAt": state.finished_at,
            "expiresAt": state.expires_at,
            "resource": if_present(state.resource, _resource_to_json),
            "response": if_present(state.answer, _answer_to_json) if is_open else None,
        }
    )


def _resource_to_json(resource: str) -> Json:
    """Some things that a request makes cannot be read again: their id stands alone."""
    path = PATHS.get(resource[: resource.find("_") + 1])
    return without_absent({"id": resource, "url": if_present(path, lambda found: f"/v3/{found}/{resource}")})


def _answer_to_json(answer: idempotency.Answer) -> Json:
    body = orjson.Fragment(answer.body) if answer.body else None
    return without_absent({"status": answer.status, "body": body})
