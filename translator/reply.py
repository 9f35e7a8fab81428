"""The answers an operation may give. Handlers close with one of these; statuses and headers are not theirs to build."""

from typing import Any, NamedTuple


class Reply(NamedTuple):
    """`body`: a JSON value, None for an empty body."""

    status: int
    body: Any = None


def ok(body: Any) -> Reply:
    """200: here it is."""
    return Reply(200, body)


def created(body: Any) -> Reply:
    """201: made, or made by an earlier request with the same externalID."""
    return Reply(201, body)


def accepted() -> Reply:
    """202: under way; the object's state tells how it went."""
    return Reply(202)


def no_content() -> Reply:
    """204: done, nothing to show."""
    return Reply(204)
