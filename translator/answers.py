"""Whether an answer is one that the spec documents: for production's counter, for strict mode, and for tests."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from translator.reply import Reply
from translator.spec import SpecOperation
from translator.strict_json import JsonRefused, parse

JSON = "application/json; charset=utf-8"
CAT = "text/plain; charset=utf-8"
DEPTH_MAX = 100


class AnswerOutsideSpec(AssertionError):
    """An answer that the published spec does not allow; the message says in what."""


def is_listed(operation: SpecOperation, reply: Reply) -> bool:
    """Whether the status is documented, with a body or without as the reply is."""
    return reply.status in operation.answers and (operation.answers[reply.status] is None) == (reply.body is None)


def fault_of(operation: SpecOperation, reply: Reply) -> str | None:
    """What the spec says against a reply; None when it documents it. It has nothing to say of 500 and more."""
    if reply.status >= 500:
        return None
    if reply.status not in operation.answers:
        return f"status {reply.status} is not documented"
    schema = operation.answers[reply.status]
    if schema is None:
        return None if reply.body is None else "its body must be empty"
    if reply.body is None:
        return "its body is missing"
    try:
        if schema.is_valid(reply.body):
            return None
        body = reply.body
    except ValueError:
        # Text that an answer carries as the platform wrote it (orjson.Fragment) is a value only once it is read.
        body = orjson.loads(encode(reply))
    return None if schema.is_valid(body) else schema.explain(body) or "its body breaks the schema"


def validate_response(
    operations: Iterable[SpecOperation], operation_id: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """For tests: asserts that an HTTP answer is one the spec documents, headers and bytes included.

    `headers`: any case. An answer of 500 and more must be a cat. Raises AnswerOutsideSpec.
    """
    named = {name.lower(): value for name, value in headers.items()}
    operation = next((one for one in operations if one.operation_id == operation_id), None)
    if operation is None:
        raise AnswerOutsideSpec(f"{operation_id} is no operation of the spec")
    wanted = content_type_of(operation, status) if body else None
    if named.get("content-type") != wanted:
        raise AnswerOutsideSpec(f"{operation_id} {status}: content-type {named.get('content-type')!r}, not {wanted!r}")
    if int(named.get("content-length", len(body))) != len(body):
        raise AnswerOutsideSpec(f"{operation_id} {status}: content-length is wrong")
    if status >= 500:
        return
    fault = fault_of(operation, Reply(status, _value(body, operation_id, status)))
    if fault:
        raise AnswerOutsideSpec(f"{operation_id} {status}: {fault} {body[:500]!r}")


def _value(body: bytes, operation_id: str, status: int) -> Any:
    if not body:
        return None
    try:
        return parse(body, DEPTH_MAX)[0]
    except JsonRefused as problem:
        raise AnswerOutsideSpec(f"{operation_id} {status}: the body is not JSON") from problem


def content_type_of(operation: SpecOperation, status: int) -> str:
    """Of a body with that status: the cat's, or the one the spec names; JSON names its charset, as it always did."""
    named = operation.content_types.get(status, "application/json")
    return CAT if status >= 500 else JSON if named == "application/json" else named


def encode(reply: Reply) -> bytes:
    """The body's bytes; TypeError for a value that JSON has no form for."""
    return b"" if reply.body is None else orjson.dumps(reply.body)
