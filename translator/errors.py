"""Why an operation has no good answer, and what the caller is told: rows, and the exceptions that carry one.

    Problem        a row raised directly: the request broke a rule that only the handler's shapes know
    NotFound       the object does not exist, in the operation's own words
    Denied         another party's object
    OutOfScope     the token's roles do not allow this
    Conflict       the externalID belongs to another request
    TooMany        the party's limit of requests a second is used up
    Unauthorized   no token, or none that holds

A version's table maps exceptions of the internal protocol to rows; `@operation(errors=...)` overrides it. What the
exceptions above are answered with is a convention of the version (`translator.conventions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PublicError:
    """What a caller is told. `message` may be a function of the exception. How it is written is the version's word."""

    status: int
    code: str | None = None
    message: str | Callable[[Any], str] | None = None

    def text(self, problem: BaseException | None = None) -> str | None:
        """The message for this exception."""
        return self.message(problem) if callable(self.message) else self.message


class Problem(Exception):
    """`raise Problem("invalidInvoiceCart", "Wrong size. Path to item: cart")`: 400 unless told otherwise."""

    def __init__(self, code: str | None, message: str | None, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.row = PublicError(status, code, message)


class NotFound(Exception):
    """404; the operation's `not_found` is the message unless one is given."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message)
        self.message = message


class Denied(Exception):
    """The caller may not do this to this object."""


class OutOfScope(Exception):
    """The token's roles do not allow this. `wanted`: the scope that was asked for, as in its declaration."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class Unauthorized(Exception):
    """The token is missing, not ours, expired or revoked."""


class TooMany(Exception):
    """The party sends more requests a second than this process takes from one."""


class Conflict(Exception):
    """The externalID was used by a request that meant something else. `internal_id`: what that one made."""

    def __init__(self, external_id: str, internal_id: str) -> None:
        super().__init__(external_id, internal_id)
        self.external_id = external_id
        self.internal_id = internal_id


ErrorTable = Mapping[type, PublicError]
