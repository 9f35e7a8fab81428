"""What the head of a request says, X-Request-ID and Content-Length aside: found out once for all that repeat it.

A server that recognises a head its connection sent before (`serving.usual_heads`) keeps for the pipeline what that head
was found to mean. Only what follows from its bytes, the spec and the settings may stand here. What the hour decides is
looked at in every request: the token's expiry and revocation, the rate, the deadline.
"""

from collections.abc import Callable, Mapping

import msgspec

from translator.access_tokens import Presented, presented
from translator.client_address import client_ip
from translator.exchange import Request, has_body
from translator.media_types import accepts_json, is_encoded
from translator.served import Served
from translator.trace import traceparent_of

Headers = Mapping[bytes, bytes]
BEARER = b"Bearer "
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
AMAZON = b"x-amzn-trace-id"
"""Another in every request, and what stands in for its missing parts is drawn: a head with it is not remembered."""


class Head(msgspec.Struct, eq=False):
    """`is_acceptable`: whether the caller takes JSON; `is_readable`: whether a body, if there is one, is of a kind that
    the operation takes. `is_admitted`: whether the token, which held, was found to allow what the operation asks for.
    """

    token: Presented
    is_acceptable: bool
    is_readable: bool
    client_ip: str | None
    origin: str | None
    traceparent: str | None
    served: Served
    path: Mapping[str, str]
    is_admitted: bool = False

    __repr__ = object.__repr__  # what it holds is not to be shown


def head_of(
    request: Request, headers: Headers, token: str, served: Served, path: Mapping[str, str], ip_header: bytes
) -> Head:
    """Of a request with that token for that operation."""
    head = Head(
        presented(token),
        accepts_json(headers.get(b"accept")),
        request.method not in METHODS_WITH_BODY or is_readable(headers, served.consumes),
        client_ip(headers, ip_header, request.peer),
        text_of(headers.get(b"origin")),
        traceparent_of(headers),
        served,
        path,
    )
    if request.usual is not None and AMAZON not in headers:
        request.usual.meaning = head
    return head


def refusal_of(head: Head, headers: Headers) -> int | None:
    """The status by which the media types that the head names are refused; None where they will do."""
    if not head.is_acceptable:
        return 406
    return None if head.is_readable or not has_body(headers) else 415


def is_readable(headers: Headers, consumes: Callable[[bytes | None], bool]) -> bool:
    """Whether a body of that type and coding is one to read."""
    return not is_encoded(headers.get(b"content-encoding")) and consumes(headers.get(b"content-type"))


def bearer(header: bytes | None) -> str | None:
    """The token of an Authorization header; None when it is no `Bearer <token>`."""
    if header is None or not header.startswith(BEARER):
        return None
    token = header[len(BEARER) :].decode("latin-1").strip(" ")
    return token if token and " " not in token else None


def text_of(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
