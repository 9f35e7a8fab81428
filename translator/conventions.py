"""What a version says at the level of HTTP, outside its operations: one frozen value a version, read at the start.

The pipeline knows in which order a request is looked at; what each refusal looks like, which header carries the
deadline, whether a request id is made, and which headers every answer has, it asks of this value. A version writes its
own in `capi_vN/conventions.py` and gives it to `create_gateway(conventions=...)`. Functions here are called once a
request at most; a convention that a version does not have is None and costs it nothing.

Must know no version: a difference is another function in this value, never a branch on a name.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rpc.deadlines import Deadline
from settings.sections import Gateway as GatewaySettings
from translator.errors import PublicError, TooMany
from translator.exchange import Exchange, request_id_of
from translator.rate_limits import RateLimit
from translator.reply import Header, Reply
from translator.request_deadline import deadline_of
from translator.request_validation import Arguments, validated

Headers = Mapping[bytes, bytes]
Around = Callable[[Exchange, Any, Arguments], Awaitable[Reply]]
"""Performs an operation with what a version puts around it: (exchange, call, arguments) -> its answer."""

Rule = Callable[[Any, Any, Exchange], Reply]
"""(the operation's ErrorRules, the exception, exchange) -> the answer."""

CORS_HEADERS = b"x-requested-with, content-type, accept, authorization, x-request-id, x-request-deadline"
CORS_METHODS = b"GET, POST, PUT, DELETE, OPTIONS"


def x_request_deadline(headers: Headers, now: datetime, default_ms: int, longest_ms: int) -> Deadline:
    """X-Request-Deadline; Problem("invalidDeadline") for another form and for a moment that has passed."""
    given = headers.get(b"x-request-deadline")
    if given is None:
        return Deadline.after_ms(default_ms, now)
    return deadline_of(given.decode("latin-1"), now, default_ms, longest_ms)


def requests_per_second(settings: GatewaySettings) -> Callable[[Exchange], None]:
    """One bucket a party, by the setting `party_requests_per_s_max`; TooMany beyond it."""
    limit = RateLimit(settings.party_requests_per_s_max)

    def admit(exchange: Exchange) -> None:
        if not limit.takes(exchange.party_id):
            raise TooMany

    return admit


def none_silent(reply: Reply) -> bool:
    """Every answer is listed in the spec."""
    return False


def bare(operation: Any, declaration: Any) -> None:
    """Nothing around any operation."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """`status`: the answer to what no operation has a say in: 401 without a token, 404, 405, 406, 415, 501, and our own
    500, 503, 504. `row`: the answer by a row of the version's error table. `rules`: exception -> answer, for what all
    operations raise alike: Problem, NotFound, Denied, OutOfScope, base.AccessDenied, Unauthorized, TooMany, Conflict,
    Violation.

    `request_id_of`: the id to log and to send back, None where there is none fit for that. `deadline_of`: (headers,
    now, default ms, longest ms) -> until when the caller waits. `validated`: reads and checks the parameters and the
    body: (operation, headers, path, query, body or what waits for it, depth of JSON) -> arguments.

    `token_first`: whether the token and the rate are looked at before the media types and the parameters. `rate_limit`:
    settings -> a function that counts a request of exchange.identity and raises TooMany.

    `around`: (compiled operation, its declaration) -> what is called instead of its function; asked once, at the start.
    `is_silent`: whether an answer is one that every operation may give although the version's spec does not list it.

    `always`: headers of every answer. `headers_of`: headers that differ from answer to answer. `scope_id`: from an id
    in a path to the id as roles have it, where the version writes ids otherwise.
    """

    status: Callable[[int, Exchange], Reply]
    row: Callable[[PublicError, BaseException | None, Exchange], Reply]
    rules: Mapping[type, Rule]
    request_id_of: Callable[[Headers], str | None] = request_id_of
    deadline_of: Callable[[Headers, datetime, int, int], Deadline] = x_request_deadline
    validated: Callable[..., Awaitable[Arguments]] = validated
    token_first: bool = False
    rate_limit: Callable[[GatewaySettings], Callable[[Exchange], None]] = requests_per_second
    around: Callable[[Any, Any], Around | None] = bare
    is_silent: Callable[[Reply], bool] = none_silent
    always: tuple[Header, ...] = ()
    headers_of: Callable[[Exchange, Reply], Iterable[Header]] | None = None
    scope_id: Callable[[str], str] | None = None
    cors_headers: bytes = CORS_HEADERS
    cors_methods: bytes = CORS_METHODS
    cors_exposed: bytes = b""
