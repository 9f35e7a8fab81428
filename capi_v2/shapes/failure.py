"""Why a payment or refund failed: domain.OperationFailure -> nested codes for a merchant, one of six for a payer."""

from collections.abc import Iterator

from capi_v2.shapes.absent import Json
from rpc.protocol import domain

TIMEOUT: Json = {"code": "timeout"}

# A payer learns enough to try otherwise, and nothing that helps to test stolen cards. The first row whose path begins
# the failure's path stands; no row means that the payment was rejected.
CLIENT_CODES = (
    (("preauthorization_failed",), "PreauthorizationFailed"),
    (("authorization_failed", "account_blocked"), "RejectedByIssuer"),
    (("authorization_failed", "rejected_by_issuer"), "RejectedByIssuer"),
    (("authorization_failed", "payment_tool_rejected"), "InvalidPaymentTool"),
    (("authorization_failed", "account_not_found"), "InvalidPaymentTool"),
    (("authorization_failed", "account_limit_exceeded"), "AccountLimitsExceeded"),
    (("authorization_failed", "insufficient_funds"), "InsufficientFunds"),
)
CLIENT_CODE_DEFAULT = "PaymentRejected"


def payment_error_to_json(failure: domain.OperationFailure, consumer: str) -> Json:
    """PaymentError: {code, subError{code, subError}} for consumer "merchant", {code} for a payer ("client")."""
    if failure.failure is None:
        return dict(TIMEOUT)
    path = tuple(_codes(failure.failure))
    return {"code": _client_code(path)} if consumer == "client" else _nested(path)


def refund_error_to_json(failure: domain.OperationFailure) -> Json:
    """{code, message}: the message is the reason given for people, or the whole path of codes."""
    if failure.failure is None:
        return {**TIMEOUT, "message": "The operation took too long"}
    path = ":".join(_codes(failure.failure))
    return {"code": failure.failure.code, "message": failure.failure.reason or path}


def _codes(failure: domain.Failure | domain.SubFailure | None) -> Iterator[str]:
    while failure is not None:
        yield failure.code
        failure = failure.sub


def _client_code(path: tuple[str, ...]) -> str:
    return next((code for begin, code in CLIENT_CODES if path[: len(begin)] == begin), CLIENT_CODE_DEFAULT)


def _nested(path: tuple[str, ...]) -> Json:
    code, *rest = path
    return {"code": code, "subError": _nested(tuple(rest))} if rest else {"code": code}
