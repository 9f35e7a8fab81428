"""Why a payment or refund failed: domain.OperationFailure -> {code, message}, flat.

Payers and merchants see the same: this version never told them apart.
"""

from collections.abc import Iterator

from capi_v1.shapes.absent import Json
from rpc.protocol import domain

TIMEOUT: Json = {"code": "timeout", "message": "timeout"}


def payment_error_to_json(failure: domain.OperationFailure) -> Json:
    """LogicError: the message is the whole path of codes, joined by colons."""
    if failure.failure is None:
        return dict(TIMEOUT)
    return {"code": failure.failure.code, "message": _path(failure.failure)}


def refund_error_to_json(failure: domain.OperationFailure) -> Json:
    """{code, message}: the message is the reason given for people, or the whole path of codes."""
    if failure.failure is None:
        return dict(TIMEOUT)
    return {"code": failure.failure.code, "message": failure.failure.reason or _path(failure.failure)}


def _path(failure: domain.Failure) -> str:
    return ":".join(_codes(failure))


def _codes(failure: domain.Failure | domain.SubFailure | None) -> Iterator[str]:
    while failure is not None:
        yield failure.code
        failure = failure.sub
