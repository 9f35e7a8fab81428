"""Where v3's requests and the platform's answers need more than what the spec and the IDL say by themselves."""

from datetime import datetime
from typing import Any

from capi_v3 import shapes
from capi_v3.shapes.payment_token import session_to_text
from rpc.protocol import domain, ids
from translator.payment_tool_tokens import PaymentToolTokens

from . import examples

CHALLENGE = 'Bearer realm="v3"'
INVALID_REQUEST = "invalid-request"
FOUND = ids.Binding(id="1", is_new=True, features=b"{}", context={})
ANSWERS: dict[str, Any] = {
    "Ids.Bind": FOUND,
    "Vault.Tokenize": examples.CARD,
    "Repository.CheckoutKind": lambda version, kind: [examples.DICTIONARIES[kind]],
    "PartyEvents.GetRange": lambda query: examples.event_page(),
    "PartyEvents.Get": lambda party_id, event_id: examples.event(event_id),
    "IdempotencyKeys.Begin": lambda params: examples.started(params),
    "IdempotencyKeys.Get": lambda party_id, key: examples.key_state(),
}


def is_unauthorized(answer: Any) -> bool:
    """A problem that says so, and how to sign in."""
    return answer.status == 401 and answer.json["code"] == "unauthorized"


def denied_status(served: Any) -> int:
    """A token without the role is refused plainly."""
    return 403


def foreign_status(served: Any) -> int:
    """What belongs to somebody else does not exist."""
    return 404


def is_refusal(answer: Any) -> bool:
    """A problem with a code, about this request, that says that no money moved."""
    return "code" in answer.json and answer.json["requestId"] == "req-1"


def names(answer: Any, member: str) -> bool:
    """Whether a violation points to the member of the body."""
    return f"/{member}" in {violation["pointer"] for violation in answer.json["violations"]}


def is_answered_otherwise(served: Any, status: int, answer: Any) -> bool:
    """Where money could have moved, a failure before anything was begun says that none did."""
    return status == 504 and (answer.status, answer.headers["money-moved"]) == (503, "no")


def payment_token(payment_tool_tokens: PaymentToolTokens, now: datetime, invoice_id: str | None = None) -> str:
    """A token of a card as `createPaymentToken` gives it."""
    tool = domain.PaymentTool(bank_card=examples.CARD)
    session = shapes.PaymentSession("session1", domain.ClientInfo(ip="192.0.2.7", fingerprint="fp"))
    return f"tok_{payment_tool_tokens.seal(tool, now, invoice_id)[0]}~{session_to_text(session)}"


def bodies(payment_tool_tokens: PaymentToolTokens, now: datetime) -> dict[str, Any]:
    """operationId -> body, where the spec's own sample would be refused for what it means."""
    return {
        "createInvoice": {"shopId": "shp_TESTSHOP", "product": "Order 7", "amount": examples.EUR},
        "createPayment": {"source": {"type": "token", "token": payment_token(payment_tool_tokens, now)}},
        "createPaymentLink": {"shopId": "shp_TESTSHOP", "product": "Donation", "price": {"type": "any"}},
        "updatePaymentLink": {"name": "Gift", "description": "Thank you"},
        "updateWebhookEndpoint": {"status": "disabled", "description": "Old"},
    }


def paths(party_id: str) -> dict[str, Any]:
    """Values of path parameters that mean something."""
    return {
        "invoiceId": "inv_inv1",
        "paymentId": "pay_inv1.1",
        "refundId": "ref_inv1.1.100",
        "paymentLinkId": "lnk_tpl1",
        "shopId": "shp_TESTSHOP",
        "webhookEndpointId": "whe_1",
        "eventId": "evt_7",
        "key": "order-2041",
    }
