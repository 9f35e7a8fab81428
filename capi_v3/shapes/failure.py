"""Why a payment or refund failed: domain.OperationFailure -> {code, advice, declinedBy, message}."""

from collections.abc import Iterator
from typing import NamedTuple

from capi_v3.shapes.absent import Json, without_absent
from rpc.protocol import domain

TIMEOUT = "timeout"


class Meaning(NamedTuple):
    """What helps, who said no, and what a payer is told, who must not learn to test stolen cards by it."""

    advice: str
    declined_by: str
    payer_code: str = "payment_rejected"


# The first row whose code begins the failure's stands.
MEANINGS = (
    (TIMEOUT, Meaning("tryAgain", "payer", TIMEOUT)),
    ("authorization_failed.insufficient_funds", Meaning("useAnotherMethod", "issuer", "insufficient_funds")),
    ("authorization_failed.account_limit_exceeded", Meaning("askPayer", "issuer", "account_limit_exceeded")),
    ("authorization_failed.account_not_found", Meaning("useAnotherMethod", "issuer", "invalid_payment_method")),
    ("authorization_failed.account_blocked", Meaning("useAnotherMethod", "issuer", "rejected_by_issuer")),
    ("authorization_failed.account_stolen", Meaning("doNotRetry", "issuer")),
    ("authorization_failed.rejected_by_issuer", Meaning("askPayer", "issuer", "rejected_by_issuer")),
    ("authorization_failed.payment_tool_rejected", Meaning("useAnotherMethod", "issuer", "invalid_payment_method")),
    ("authorization_failed.temporarily_unavailable", Meaning("tryLater", "bank")),
    ("authorization_failed.processing_deadline_reached", Meaning("tryAgain", "platform")),
    ("authorization_failed.provider_limit_exceeded", Meaning("tryLater", "bank")),
    ("authorization_failed.security_policy_violated", Meaning("doNotRetry", "issuer")),
    ("authorization_failed.operation_blocked", Meaning("useAnotherMethod", "bank")),
    ("authorization_failed.merchant_blocked", Meaning("doNotRetry", "bank")),
    ("preauthorization_failed", Meaning("tryAgain", "payer", "preauthorization_failed")),
    ("no_route_found", Meaning("useAnotherMethod", "platform")),
    ("", Meaning("tryLater", "unknown")),
)


def failure_to_json(failure: domain.OperationFailure, consumer: str) -> Json:
    """`consumer` "client", a payer: one of a few codes and no message."""
    code = ".".join(_codes(failure.failure)) if failure.failure is not None else TIMEOUT
    meaning = next(meaning for begin, meaning in MEANINGS if code.startswith(begin))
    is_payer = consumer == "client"
    reason = failure.failure.reason if failure.failure is not None and not is_payer else None
    return without_absent(
        {
            "code": meaning.payer_code if is_payer else code,
            "advice": meaning.advice,
            "declinedBy": meaning.declined_by,
            "message": reason,
        }
    )


def _codes(failure: domain.Failure | domain.SubFailure | None) -> Iterator[str]:
    while failure is not None:
        yield failure.code
        failure = failure.sub
