"""Why an operation has no good answer, and what the caller is told: rows, and the exceptions that carry one.

    Problem        a row raised directly: the request broke a rule that only the handler's shapes know
    NotFound       404 in the operation's own words
    Denied         another party's object: 404 for reads, 401 for writes (contract section 3.6)
    Conflict       409: the externalID belongs to another request
    TooMany        429: the party's limit of requests a second is used up
    Unauthorized   401: no token, or none that holds

A version's table maps exceptions of the internal protocol to rows; `@operation(errors=...)` overrides it. What no row
names is a fault of ours: 500, a cat, and never a text from inside. Failures of the internal call have fixed statuses:
unavailable 503 (surely not done), unknown 504 (perhaps done), unexpected 500.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rpc.failures import RpcFailure, Unavailable, Unknown
from rpc.protocol import base, ids
from translator.reply import Reply


@dataclass(frozen=True, slots=True)
class PublicError:
    """What a caller sees. `message` may be a function of the exception. Without a code the body is {message},
    without both it is empty.
    """

    status: int
    code: str | None = None
    message: str | Callable[[Any], str] | None = None

    def reply(self, problem: BaseException | None = None) -> Reply:
        text = self.message(problem) if callable(self.message) else self.message
        if self.code is not None:
            return Reply(self.status, {"code": self.code, "message": text or ""})
        return Reply(self.status, None if text is None else {"message": text})


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


UNAUTHORIZED = Reply(401)
TOO_MANY = Reply(429, {"message": "Too many requests"})
CONFLICT_MESSAGE = "This externalID has been used by another request"
ErrorTable = Mapping[type, PublicError]


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """How one operation's exceptions are answered."""

    table: ErrorTable
    own: ErrorTable
    not_found: str
    is_read: bool

    def reply(self, problem: Exception) -> Reply | None:
        """The answer to an exception; None when no rule knows it."""
        row = self.own.get(type(problem)) or self.table.get(type(problem))
        if row is not None:
            return row.reply(problem)
        rule = RULES.get(type(problem))
        if rule is not None:
            return rule(self, problem)
        return Reply(failure_status(problem)) if isinstance(problem, RpcFailure) else None

    def absent(self, message: str | None = None) -> Reply:
        return Reply(404, {"message": message or self.not_found})

    def denied(self) -> Reply:
        """A denied read is answered as if the object did not exist; a denied write is plainly refused."""
        return self.absent() if self.is_read else UNAUTHORIZED


RULES: dict[type, Callable[[ErrorRules, Any], Reply]] = {
    Problem: lambda rules, problem: problem.row.reply(),
    NotFound: lambda rules, problem: rules.absent(problem.message),
    ids.BindingNotFound: lambda rules, problem: rules.absent(),
    Denied: lambda rules, problem: rules.denied(),
    base.AccessDenied: lambda rules, problem: rules.denied(),
    Unauthorized: lambda rules, problem: UNAUTHORIZED,
    TooMany: lambda rules, problem: TOO_MANY,
    Conflict: lambda rules, problem: Reply(
        409, {"externalID": problem.external_id, "id": problem.internal_id, "message": CONFLICT_MESSAGE}
    ),
}


def failure_status(failure: RpcFailure) -> int:
    """503 surely not done, 504 perhaps done, 500 outside the protocol."""
    if isinstance(failure, Unavailable):
        return 503
    return 504 if isinstance(failure, Unknown) else 500
