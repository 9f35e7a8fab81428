"""What can become of a call besides an answer.

    RpcFailure
    |- Unavailable   surely not done: refused, no connection, deadline over before sending, breaker open
    |- Unknown       perhaps done: the connection died or time ran out after the first byte was sent, unreadable answer
    `- Unexpected    outside the protocol: the callee crashed, broke the contract, or knows no such function

Declared exceptions of the IDL are answers, not failures; they are raised as their own classes.
Must not know HTTP: statuses stand in `statuses.py`.
"""

from typing import ClassVar, Literal

Source = Literal["internal", "external"]


class RpcFailure(Exception):
    """Base of the three. `reason`: one line for the log, without arguments of the call.

    `source`: "internal" when this side noticed it, "external" when the other side said it or caused it.
    `status`: of the HTTP answer that said it, None when there was none. `is_impatience`: time ran out, which may say
    more of the caller's deadline than of the callee's health.
    """

    error_class: ClassVar[str] = ""

    def __init__(self, reason: str = "", source: Source = "internal", *, is_impatience: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source
        self.is_impatience = is_impatience
        self.status: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reason!r}, source={self.source!r})"


class Unavailable(RpcFailure):
    """Surely not executed: safe to try again."""

    error_class = "Resource Unavailable"


class Unknown(RpcFailure):
    """Perhaps executed: try again only what may be executed twice, or ask what became of it."""

    error_class = "Result Unknown"


class Unexpected(RpcFailure):
    """Do not try again: the same call will break the same way."""

    error_class = "Result Unexpected"


DEADLINE_REACHED = "deadline reached"
BUSINESS_ERROR = "Business Error"
BY_ERROR_CLASS: dict[str, type[RpcFailure]] = {
    failure.error_class.lower(): failure for failure in (Unavailable, Unknown, Unexpected)
}
