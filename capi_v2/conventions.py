"""How v2 answers at the level of HTTP: what its contract says in sections 3.1 to 3.8, beside its operations.

X-Request-ID is required by the spec and never made; the deadline is X-Request-Deadline; the first violation ends a
request; a denied read looks like an absent object, a denied write and a missing token are an empty 401.
"""

from collections.abc import Mapping
from typing import Any

from rpc.protocol import base, ids
from translator.conventions import Conventions, Rule
from translator.error_rules import ErrorRules
from translator.errors import Conflict, Denied, NotFound, OutOfScope, Problem, PublicError, TooMany, Unauthorized
from translator.exchange import Exchange
from translator.reply import Reply
from translator.violations import Violation

NO_TOKEN = Reply(401, headers=((b"www-authenticate", b""),))
UNAUTHORIZED = Reply(401)
TOO_MANY = Reply(429, {"message": "Too many requests"})
CONFLICT_MESSAGE = "This externalID has been used by another request"


def status(number: int, exchange: Exchange) -> Reply:
    """Without a body, or with a cat."""
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


def conflict(rules: ErrorRules, problem: Conflict, exchange: Exchange) -> Reply:
    return Reply(409, {"externalID": problem.external_id, "id": problem.internal_id, "message": CONFLICT_MESSAGE})


def violated(rules: ErrorRules, violation: Violation, exchange: Exchange) -> Reply:
    return Reply(400, {"code": "invalidRequest", "message": violation.message})


RULES: Mapping[type, Rule] = {
    Problem: lambda rules, problem, exchange: row(problem.row, problem, exchange),
    NotFound: lambda rules, problem, exchange: absent(rules, problem.message),
    ids.BindingNotFound: lambda rules, problem, exchange: absent(rules),
    Denied: denied,
    OutOfScope: denied,
    base.AccessDenied: denied,
    Unauthorized: lambda rules, problem, exchange: UNAUTHORIZED,
    TooMany: lambda rules, problem, exchange: TOO_MANY,
    Conflict: conflict,
    Violation: violated,
}

CONVENTIONS = Conventions(status=status, row=row, rules=RULES)
