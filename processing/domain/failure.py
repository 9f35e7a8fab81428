"""Why an operation failed: a branch of the failure tree; in text, codes with colons between them."""

from processing.domain.values import Value


class SubFailure(Value):
    code: str
    sub: "SubFailure | None" = None


class Failure(Value, tag="failure"):
    """`reason` is for people; nothing is decided upon it."""

    code: str
    reason: str | None = None
    sub: SubFailure | None = None


class OperationTimeout(Value, tag="operation_timeout"):
    """Somebody who had to act (mostly the payer) did not in time."""


OperationFailure = Failure | OperationTimeout


def parse(text: str, reason: str | None = None) -> Failure:
    """`a:b:c` -> Failure(code=a, sub=SubFailure(code=b, sub=SubFailure(code=c)))."""
    first, *rest = text.split(":")
    sub = None
    for code in reversed(rest):
        sub = SubFailure(code=code, sub=sub)
    return Failure(code=first, reason=reason, sub=sub)


def text(failure: OperationFailure) -> str:
    """The inverse of parse; a timeout is `operation_timeout`."""
    if isinstance(failure, OperationTimeout):
        return "operation_timeout"
    codes, sub = [failure.code], failure.sub
    while sub is not None:
        codes.append(sub.code)
        sub = sub.sub
    return ":".join(codes)
