"""How v1 answers at the level of HTTP, beside its operations.

X-Request-ID is required by the spec and never made; no header bounds a request; the first violation ends a request; a
denied read looks like an absent object, a denied write and a missing token are a 401 with a JSON body. Three kinds of
answers are given by every operation although the published lists leave them out: `is_silent` knows them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rpc.deadlines import Deadline
from rpc.protocol import base
from translator.conventions import Conventions, Headers, Rule
from translator.error_rules import ErrorRules
from translator.errors import Denied, NotFound, OutOfScope, Problem, PublicError, TooMany, Unauthorized
from translator.exchange import Exchange
from translator.reply import Reply
from translator.violations import Violation

INVALID_REQUEST = "invalidRequest"
UNAUTHORIZED = Reply(401, {"message": "Unauthorized operation"})
NO_TOKEN = Reply(401, UNAUTHORIZED.body, headers=((b"www-authenticate", b""),))
TOO_MANY = Reply(429, {"message": "Too many requests"})


def status(number: int, exchange: Exchange) -> Reply:
    """Without a body, or with a cat; 401 with a message."""
    return NO_TOKEN if number == 401 else Reply(number)


def row(error: PublicError, problem: BaseException | None, exchange: Exchange) -> Reply:
    """{code, message}; {message} where the row has no code; empty where it has neither."""
    text = error.text(problem)
    if error.code is not None:
        return Reply(error.status, {"code": error.code, "message": text or ""})
    return Reply(error.status, None if text is None else {"message": text})


def absent(rules: ErrorRules, message: str | None = None) -> Reply:
    """404 in the operation's own words."""
    return Reply(404, {"message": message or rules.not_found})


def denied(rules: ErrorRules, problem: Any, exchange: Exchange) -> Reply:
    """A denied read is answered as if the object did not exist; a denied write is plainly refused."""
    return absent(rules) if rules.is_masked else UNAUTHORIZED


def violated(rules: ErrorRules, violation: Violation, exchange: Exchange) -> Reply:
    return Reply(400, {"code": INVALID_REQUEST, "message": violation.message})


def own_deadline(headers: Headers, now: datetime, default_ms: int, longest_ms: int) -> Deadline:
    """The installation's: callers of v1 cannot say when they stop waiting."""
    return Deadline.after_ms(default_ms, now)


def is_silent(reply: Reply) -> bool:
    """Whether it is an answer that any operation may give, listed or not: 401, 429, or 400 with invalidRequest."""
    if reply.status == 400:
        return reply.body is not None and reply.body.get("code") == INVALID_REQUEST
    return reply.status in (401, 429)


RULES: Mapping[type, Rule] = {
    Problem: lambda rules, problem, exchange: row(problem.row, problem, exchange),
    NotFound: lambda rules, problem, exchange: absent(rules, problem.message),
    Denied: denied,
    OutOfScope: denied,
    base.AccessDenied: denied,
    Unauthorized: lambda rules, problem, exchange: UNAUTHORIZED,
    TooMany: lambda rules, problem, exchange: TOO_MANY,
    Violation: violated,
}

CONVENTIONS = Conventions(status=status, row=row, rules=RULES, deadline_of=own_deadline, is_silent=is_silent)
