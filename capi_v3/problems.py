"""How v3 says what is wrong: RFC 9457 problems, everything at once; and 5xx, which are cats with headers that tell a
machine what it must know.

A problem's `code` is stable and names the page that explains it. `moneyMoved` is `no` unless the request may have begun
to move money, then `unknown`: never a guess.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import orjson

from rpc.context import new_id
from translator.errors import PublicError
from translator.exchange import Exchange
from translator.reply import Header, Reply
from translator.violations import Fault

PROBLEM = (b"content-type", b"application/problem+json")
PAGE = "/problems/{}/"
"""Of the documentation: the page that explains a code."""
RETRY_AFTER_S = 2
MONEY = "money"
NO, UNKNOWN = "no", "unknown"

TITLES = {
    "invalid-request": "The request is not valid",
    "unauthorized": "A valid token is needed",
    "forbidden": "The token does not allow this",
    "not-found": "There is no such thing",
    "method-not-allowed": "The path has no such method",
    "not-acceptable": "No answer in an acceptable media type",
    "conflict": "The state of the object does not allow this",
    "idempotency-key-in-use": "A request with this key is still at work",
    "idempotency-key-reused": "The key was used for another request",
    "version-mismatch": "The object has changed since you saw it",
    "body-too-large": "The body is too large or too slow",
    "unsupported-media-type": "The body is in another media type",
    "unprocessable": "The request cannot be carried out",
    "precondition-required": "Say which version you want to change",
    "too-many-requests": "Too many requests",
}
BY_STATUS = {
    400: "invalid-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "version-mismatch",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "unprocessable",
    428: "precondition-required",
    429: "too-many-requests",
}
RETRYABLE = {"idempotency-key-in-use", "too-many-requests"}


def problem(
    exchange: Exchange,
    status: int,
    code: str | None = None,
    detail: str | None = None,
    *,
    violations: Iterable[Fault] = (),
    retry_after_s: int | None = None,
    headers: tuple[Header, ...] = (),
    **members: Any,
) -> Reply:
    """A refusal. `code`: the status's own where none is given; `members`: further ones of this kind of problem."""
    code = code or BY_STATUS[status]
    request_id = exchange.request_id
    body: dict[str, Any] = {
        "type": PAGE.format(code),
        "title": TITLES.get(code) or code.replace("-", " ").capitalize(),
        "status": status,
        "code": code,
        "instance": "urn:request:" + quote(request_id, safe=""),
        "requestId": request_id,
        "retryable": code in RETRYABLE,
        "moneyMoved": money_moved(exchange),
        **members,
    }
    if detail:
        body["detail"] = detail
    if retry_after_s is not None:
        body["retryAfter"] = retry_after_s
        headers = (*headers, retry_after(retry_after_s))
    if broken := [violation_of(fault) for fault in violations]:
        body["violations"] = broken
        body.setdefault("detail", "1 rule is broken" if len(broken) == 1 else f"{len(broken)} rules are broken")
    return Reply(status, body, headers, PROBLEM)


def addressed(docs_url: str, refuse: Callable[..., Reply]) -> Callable[..., Reply]:
    """`refuse`, whose problems name their page by its whole address."""

    def answer(*facts: Any) -> Reply:
        reply = refuse(*facts)
        if reply.content_type is PROBLEM:
            reply.body["type"] = docs_url + reply.body["type"]
        return reply

    return answer


def row(error: PublicError, cause: BaseException | None, exchange: Exchange) -> Reply:
    """A row of the error table as a problem."""
    if error.status >= 500:
        return cat(error.status, exchange)
    if error.status < 400:
        return Reply(error.status)
    return problem(exchange, error.status, error.code, error.text(cause))


def cat(status: int, exchange: Exchange) -> Reply:
    """A failure of ours: whether money may have moved and when to ask again stand in headers."""
    headers = [(b"money-moved", money_moved(exchange).encode())]
    if status != 501:
        headers.append(retry_after(RETRY_AFTER_S))
    return Reply(status, headers=tuple(headers))


def unread(status: int, docs_url: str) -> tuple[list[Header], bytes]:
    """Headers and body of the refusal of what could not be read as a request: nothing was begun."""
    request_id = new_id()
    body = {
        "type": docs_url + PAGE.format("invalid-request"),
        "title": TITLES["invalid-request"],
        "status": status,
        "code": "invalid-request",
        "instance": "urn:request:" + request_id,
        "requestId": request_id,
        "retryable": False,
        "moneyMoved": NO,
    }
    text = orjson.dumps(body)
    return [PROBLEM, (b"content-length", b"%d" % len(text)), (b"x-request-id", request_id.encode())], text


def unserved(status: int) -> tuple[Header, ...]:
    """Headers of a cat that no operation gave. A process that is not ready begins nothing; a crash may have."""
    return (b"money-moved", (NO if status == 503 else UNKNOWN).encode()), retry_after(RETRY_AFTER_S)


def money_moved(exchange: Exchange) -> str:
    """`unknown` once an operation that can move money may have begun; else `no`."""
    can_move = exchange.served is not None and exchange.served.spec.rate_class == MONEY
    return UNKNOWN if can_move and exchange.has_begun else NO


def retry_after(seconds: int) -> Header:
    return (b"retry-after", b"%d" % seconds)


def violation_of(fault: Fault) -> dict[str, str]:
    """One broken rule as v3 shows it."""
    shown = {"pointer": fault.pointer, "in": fault.place, "rule": fault.rule, "expected": fault.expected}
    return shown if fault.got is None else {**shown, "got": fault.got}
