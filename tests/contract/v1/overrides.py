"""Where v1's requests and the platform's answers need more than what the spec and the IDL say by themselves."""

from datetime import datetime
from typing import Any

from capi_v1 import shapes
from rpc.protocol import domain
from translator.payment_tool_tokens import PaymentToolTokens

from . import examples

ANSWERS: dict[str, Any] = {
    "Ids.Next": "1",
    "Vault.Tokenize": examples.CARD,
    # The first members of a dictionary's union would all be currencies.
    "Repository.CheckoutKind": lambda version, kind: [examples.CATEGORY],
    "Repository.CheckoutObject": lambda version, ref: examples.CATEGORY,
}
CHALLENGE = ""
INVALID_REQUEST = "invalidRequest"


def is_unauthorized(answer: Any) -> bool:
    """With a message."""
    return (answer.status, answer.json) == (401, {"message": "Unauthorized operation"})


def denied_status(served: Any) -> int:
    """Reads that document a 404 pretend that there is nothing; anything else is refused plainly."""
    is_read = served.wanted.is_read if served.wanted else served.spec.method == "GET"
    return 404 if is_read and 404 in served.spec.answers else 401


foreign_status = denied_status


def is_refusal(answer: Any) -> bool:
    """Without a word, or with a message."""
    return answer.body == b"" or "message" in answer.json


def names(answer: Any, member: str) -> bool:
    """Whether a refusal says which member of the body is wrong."""
    return member in answer.json["message"]


def is_answered_otherwise(served: Any, status: int, answer: Any) -> bool:
    """A failure of a class has the same status in all operations."""
    return False


def bodies(payment_tool_tokens: PaymentToolTokens, now: datetime) -> dict[str, Any]:
    """operationId -> body, where the spec's own sample would be refused for what it means."""
    tool = domain.PaymentTool(bank_card=examples.CARD)
    session = shapes.PaymentSession(shapes.new_session_id(), domain.ClientInfo(ip="192.0.2.7", fingerprint="fp"))
    return {
        "createPayment": {
            "flow": {"type": "PaymentFlowInstant"},
            "payer": {
                "payerType": "PaymentResourcePayer",
                "paymentToolToken": payment_tool_tokens.seal(tool, now)[0],
                "paymentSession": shapes.payment_session_to_json(session),
                "contactInfo": {"email": "payer@example.com"},
            },
        },
    }


def paths(party_id: str) -> dict[str, Any]:
    """Values of path parameters that mean something."""
    return {"webhookID": "7"}
