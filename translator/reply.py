"""The answers an operation may give. Handlers close with one of these; statuses and headers are not theirs to build."""

from typing import Any, NamedTuple

Header = tuple[bytes, bytes]
JSON = (b"content-type", b"application/json; charset=utf-8")


class Reply(NamedTuple):
    """`body`: a JSON value, None for an empty body. `headers`: those of this answer alone, written by the version's
    conventions. `content_type`: of a body that is no cat.
    """

    status: int
    body: Any = None
    headers: tuple[Header, ...] = ()
    content_type: Header = JSON


def ok(body: Any) -> Reply:
    """200: here it is."""
    return Reply(200, body)


def created(body: Any) -> Reply:
    """201: made, or made by an earlier request with the same externalID."""
    return Reply(201, body)


def accepted(body: Any = None) -> Reply:
    """202: under way; the object's state tells how it went."""
    return Reply(202, body)


def no_content() -> Reply:
    """204: done, nothing to show."""
    return Reply(204)
