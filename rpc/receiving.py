"""The HTTP side of the server: what is refused before anything is decoded, reading the body, sending the answer."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from rpc.failures import RpcFailure, Unexpected
from rpc.statuses import CONTENT_TYPE, ERROR_CLASS, ERROR_REASON, header_safe

PLAIN = [(b"content-type", CONTENT_TYPE.encode())]
ACCEPTED = (CONTENT_TYPE, "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Answer:
    """`after`: work to begin once the answer is sent (a oneway call)."""

    status: int
    body: bytes = b""
    error_class: str = ""
    error_reason: str = ""
    allow: str = ""
    after: Coroutine[Any, Any, Any] | None = None


class Refused(Exception):
    """The request is answered without asking a handler. `reason` is safe to show."""

    def __init__(self, status: int, reason: str, failure: type[RpcFailure] = Unexpected, allow: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = Answer(status, b"", failure.error_class, header_safe(reason), allow)


def refusal_of_head(method: str, found: Mapping[str, str], body_bytes_max: int) -> None:
    """Raises Refused for another method (405), content type (415), Accept (406), or too large a body (413)."""
    if method != "POST":
        raise Refused(405, "method not allowed", allow="POST")
    if media_type(found.get("content-type", "")) != CONTENT_TYPE or "content-encoding" in found:
        raise Refused(415, "content type is not application/x-thrift")
    accepted = [media_type(part) for part in found.get("accept", CONTENT_TYPE).split(",")]
    if not any(part in ACCEPTED for part in accepted):
        raise Refused(406, "application/x-thrift is not accepted")
    length = found.get("content-length", "0")
    if not length.isdecimal() or len(length) > 18:
        raise Refused(400, "bad content-length")
    if int(length) > body_bytes_max:
        raise Refused(413, "the message is too large")


def media_type(text: str) -> str:
    """Without parameters, in lower case."""
    if text == CONTENT_TYPE:
        return text
    return text.partition(";")[0].strip().lower()


async def read_body(receive: Any, body_bytes_max: int, at_hand: bytes | None = None) -> bytes:
    """The body, received unless it is at hand. Raises Refused when it is empty, larger than allowed, or its sender went
    away."""
    if at_hand and len(at_hand) <= body_bytes_max:
        return at_hand
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the caller went away")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > body_bytes_max:
            raise Refused(413, "the message is too large")
        if not message.get("more_body"):
            break
    if not size:
        raise Refused(400, "empty body")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def headers_of(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The answer's headers, its length aside."""
    if answer.status == 200 and not answer.error_class:
        return PLAIN
    more = {ERROR_CLASS: answer.error_class, ERROR_REASON: answer.error_reason, "allow": answer.allow}
    return PLAIN + [(name.encode(), value.encode("latin-1")) for name, value in more.items() if value]


async def send_answer(answer: Answer, send: Any) -> None:
    """Status, headers, body."""
    headers = [*headers_of(answer), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
