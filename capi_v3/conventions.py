"""How v3 speaks HTTP, outside its operations: problems, request ids, deadlines, rates, and what stands around each
operation. The headers table of the design is kept here, a function a row.

    token, rate -> media types -> every rule of the spec at once -> deadline -> scope 403
    -> GET: If-None-Match, ETag, Link    POST: Idempotency-Key, Location    PATCH, DELETE: If-Match 428, 412
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from capi_v3.around import around_of
from capi_v3.problems import addressed, cat, problem, row
from rpc.context import new_id
from rpc.deadlines import Deadline
from rpc.protocol import base, ids
from settings import Settings
from translator.conventions import Conventions, Headers, Rule
from translator.errors import Conflict, Denied, NotFound, OutOfScope, Problem, TooMany, Unauthorized
from translator.etags import MissingVersion, NoSuchVersion
from translator.exchange import Exchange
from translator.full_validation import TooLong, all_validated
from translator.idempotency_keys import IdempotencyKeys, KeyInUse, KeyReused
from translator.rate_policies import RatePolicies
from translator.reply import Header, Reply
from translator.request_deadline import left_ms
from translator.violations import Fault, Violations

VERSION = "v3"
REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
CHALLENGE = 'Bearer realm="v3"'
CORS_HEADERS = (
    b"accept, authorization, content-type, idempotency-key, if-match, if-none-match, request-deadline, x-request-id"
)
CORS_METHODS = b"GET, POST, PATCH, DELETE, OPTIONS"
CORS_EXPOSED = (
    b"api-spec-digest, api-version, deprecation, etag, idempotency-replayed, link, location, money-moved, ratelimit, "
    b"ratelimit-policy, retry-after, sunset, www-authenticate, x-request-id"
)


class PastDeadline(Exception):
    """The caller's deadline had passed before anything was begun."""


def status(number: int, exchange: Exchange) -> Reply:
    """A problem, or a cat."""
    if number >= 500:
        return cat(number, exchange)
    return problem(exchange, number, headers=challenge() if number == 401 else ())


def challenge(*parts: str) -> tuple[Header, ...]:
    """WWW-Authenticate by RFC 6750, 3."""
    return ((b"www-authenticate", ", ".join([CHALLENGE, *parts]).encode()),)


def unauthorized(rules: Any, cause: Unauthorized, exchange: Exchange) -> Reply:
    return problem(exchange, 401, headers=challenge('error="invalid_token"'))


def out_of_scope(rules: Any, cause: OutOfScope, exchange: Exchange) -> Reply:
    """403 and the role that would do."""
    parts = challenge('error="insufficient_scope"', f'scope="{cause.wanted}"')
    return problem(exchange, 403, detail=f"The role {cause.wanted} is needed", scope=cause.wanted, headers=parts)


def absent(rules: Any, cause: Exception, exchange: Exchange) -> Reply:
    """Also what belongs to somebody else: whether it exists is not the caller's to know."""
    return problem(exchange, 404, detail=getattr(cause, "message", None) or rules.not_found)


def too_many(rules: Any, cause: TooMany, exchange: Exchange) -> Reply:
    """Which limit it is, and when there is room again."""
    quota = exchange.quota
    detail = f"The limit of {quota.policy} requests is used up"
    return problem(exchange, 429, detail=detail, policy=quota.policy, retry_after_s=quota.wait_s)


def key_in_use(rules: Any, cause: KeyInUse, exchange: Exchange) -> Reply:
    return problem(exchange, 409, "idempotency-key-in-use", retry_after_s=cause.retry_after_s)


def key_reused(rules: Any, cause: KeyReused, exchange: Exchange) -> Reply:
    """Every place where the two requests differ."""
    faults = [Fault(place, pointer, "same-as-first", "what the first request said") for place, pointer in cause.places]
    detail = f"The key was first used for {cause.operation}" if not faults else None
    return problem(exchange, 422, "idempotency-key-reused", detail, violations=faults)


def conflict(rules: Any, cause: Conflict, exchange: Exchange) -> Reply:
    return problem(exchange, 409)


RULES: Mapping[type, Rule] = {
    Problem: lambda rules, cause, exchange: row(cause.row, cause, exchange),
    NotFound: absent,
    ids.BindingNotFound: absent,
    Denied: absent,
    base.AccessDenied: absent,
    OutOfScope: out_of_scope,
    Unauthorized: unauthorized,
    TooMany: too_many,
    Conflict: conflict,
    Violations: lambda rules, cause, exchange: problem(exchange, 400, violations=cause.faults),
    TooLong: lambda rules, cause, exchange: problem(exchange, 413, detail=str(cause)),
    KeyInUse: key_in_use,
    KeyReused: key_reused,
    NoSuchVersion: lambda rules, cause, exchange: problem(exchange, 412),
    MissingVersion: lambda rules, cause, exchange: problem(exchange, 428, detail="If-Match is missing"),
    PastDeadline: lambda rules, cause, exchange: cat(503, exchange),
}


def request_id_of(headers: Headers) -> str:
    """The caller's, or a new one. One that breaks the spec is answered 400 under a new one."""
    given = headers.get(b"x-request-id")
    return given.decode() if given is not None and REQUEST_ID.fullmatch(given) else new_id()


def deadline_of(headers: Headers, now: datetime, default_ms: int, longest_ms: int) -> Deadline:
    """Request-Deadline: an RFC 3339 time, or a time from now: `10s`, `500ms`. Raises PastDeadline, Violations."""
    given = headers.get(b"request-deadline")
    if given is None:
        return Deadline.after_ms(default_ms, now)
    left = left_ms(given.decode("latin-1"), now)
    if left is None:
        expected = "an RFC 3339 time, or a time from now such as 10s or 500ms"
        raise Violations([Fault("header", "/Request-Deadline", "format", expected)])
    if left <= 0:
        raise PastDeadline
    return Deadline.after_ms(min(left, longest_ms), now)


def conventions_of(
    settings: Settings, rpc: Any, secret: bytes, spec_digest: str, scope_id: Callable[[str], str] | None = None
) -> Conventions:
    """v3's conventions. `rpc`: the client of the internal services; `secret`: keys the digests of Idempotency-Key;
    `scope_id`: from an id in a path to the id as roles have it.
    """
    gateway, docs_url = settings.gateway, settings.docs_url()
    rates = RatePolicies(
        {
            "read": gateway.reads_per_s_max,
            "write": gateway.writes_per_s_max,
            "money": gateway.money_requests_per_s_max,
            "search": gateway.searches_per_s_max,
        }
    )
    return replace(
        CONVENTIONS,
        status=addressed(docs_url, status),
        row=addressed(docs_url, row),
        rules={kind: addressed(docs_url, rule) for kind, rule in RULES.items()},
        around=around_of(IdempotencyKeys(secret, rpc)),
        rate_limit=lambda settings: rates.admit,
        headers_of=lambda exchange, reply: rates.headers(exchange),
        always=(*CONVENTIONS.always, (b"api-spec-digest", spec_digest.encode())),
        scope_id=scope_id,
    )


CONVENTIONS = Conventions(
    status=status,
    row=row,
    rules=RULES,
    request_id_of=request_id_of,
    deadline_of=deadline_of,
    validated=all_validated,
    token_first=True,
    # Answers hold what belongs to one party: no cache between may keep them, and the caller's own must ask again.
    always=((b"api-version", VERSION.encode()), (b"cache-control", b"private, no-cache")),
    cors_headers=CORS_HEADERS,
    cors_methods=CORS_METHODS,
    cors_exposed=CORS_EXPOSED,
)
