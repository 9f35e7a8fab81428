"""Compare two documents operation by operation.

An operation is known by its method and path; names of path parameters and operationIds may change without anybody on
the wire noticing. Prose, examples and tags are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import partial
from typing import Literal

from tools.spec_comparison.document import Body, Document, Operation, Parameter, Place, Response
from tools.spec_comparison.keywords import Effect
from tools.spec_comparison.schemas import Direction, Finding, SchemaComparison, Verdict, found


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding in one operation. `operation` is the operationId in the other document, or in the base if gone."""

    operation: str
    method: str
    path: str
    direction: Direction
    verdict: Verdict
    location: str
    pointer: str
    stands_in: Literal["base", "other"]
    what: str
    why: str


Chosen = Callable[[Operation], bool]


def compare(base: Document, other: Document, chosen: Chosen = lambda operation: True) -> list[Difference]:
    """Return every difference of the chosen operations, breaking ones first. Raises NotComparable."""
    rows: list[Difference] = []
    for key in {**base.operations, **other.operations}:
        before, after = base.operations.get(key), other.operations.get(key)
        shown = after or before
        if shown is not None and chosen(shown):
            rows += _differences(base, other, before, after, shown)
    return sorted(rows, key=lambda row: (row.verdict, row.pointer, row.what, row.direction, row.path, row.method))


def _differences(
    base: Document, other: Document, before: Operation | None, after: Operation | None, shown: Operation
) -> Iterator[Difference]:
    told: dict[tuple[str, str, str], tuple[Direction, Finding]] = {}
    for direction, finding in _findings(base, other, before, after):
        key = (direction, finding.pointer, finding.what)
        if key not in told or len(finding.location) < len(told[key][1].location):
            told[key] = direction, finding
    for direction, finding in told.values():
        yield Difference(shown.operation_id, shown.method, shown.path, direction, *astuple(finding))


Found = Iterator[tuple[Direction, Finding]]


def _findings(base: Document, other: Document, before: Operation | None, after: Operation | None) -> Found:
    if before is None or after is None:
        yield from _presence(before, after)
        return
    request = SchemaComparison.of(base, other, "request")
    response = SchemaComparison.of(base, other, "response")
    for finding in (
        *_identity(before, after),
        *_security(before, after),
        *_parameters(request, before, after),
        *_body(request, before.body, after.body),
    ):
        yield "request", finding
    for finding in (*_media_types(before, after), *_responses(response, before, after)):
        yield "response", finding


def _presence(before: Operation | None, after: Operation | None) -> Found:
    if after is not None:
        why = "clients of the base do not call it"
        yield "request", Finding("compatible", "operation", after.pointer, "other", "operation added", why)
    elif before is not None:
        why = "calls are answered with 404 or 405"
        yield "request", Finding("breaking", "operation", before.pointer, "base", "operation removed", why)


_request = partial(found, "request")
_response = partial(found, "response")


def _identity(before: Operation, after: Operation) -> Iterator[Finding]:
    if before.operation_id != after.operation_id:
        what = f"operationId: {before.operation_id} -> {after.operation_id}"
        yield _request(Effect.SAME, "operation", before.pointer, after.pointer, what)
    if before.path != after.path:
        what = f"names in the path: {before.path} -> {after.path}"
        yield _request(Effect.SAME, "operation", before.pointer, after.pointer, what)
    if before.deprecated != after.deprecated:
        what = "now deprecated" if after.deprecated else "no longer deprecated"
        yield _request(Effect.SAME, "operation", before.pointer, after.pointer, what)


def _security(before: Operation, after: Operation) -> Iterator[Finding]:
    for gone in sorted(map(sorted, before.security - after.security)):
        effect = Effect.FEWER if after.security else Effect.MORE
        yield _request(
            effect, "security", before.pointer, after.pointer, f"security: {_or_nobody(gone)} no longer enough"
        )
    for new in sorted(map(sorted, after.security - before.security)):
        effect = Effect.MORE if before.security else Effect.FEWER
        yield _request(effect, "security", before.pointer, after.pointer, f"security: {_or_nobody(new)} now enough")


def _or_nobody(demands: Iterable[str]) -> str:
    return " and ".join(demands) or "no credentials"


def _key(operation: Operation, parameter: Parameter) -> tuple[str, str]:
    """Names of headers have no case, and a parameter of the path is known by its position."""
    if parameter.where == "path":
        return "path", str(operation.path_position(parameter.name))
    return parameter.where, parameter.name.lower() if parameter.where == "header" else parameter.name


def _parameters(schemas: SchemaComparison, before: Operation, after: Operation) -> Iterator[Finding]:
    base = {_key(before, parameter): parameter for parameter in before.parameters}
    other = {_key(after, parameter): parameter for parameter in after.parameters}
    for key, parameter in base.items():
        if key in other:
            yield from _parameter(schemas, parameter, other[key])
        else:
            yield _request(Effect.GONE, _spot(parameter), parameter.pointer, None, "parameter removed")
    for key, parameter in other.items():
        if key not in base:
            effect, kind = (Effect.FEWER, "required") if parameter.required else (Effect.NEW, "optional")
            yield _request(effect, _spot(parameter), None, parameter.pointer, f"{kind} parameter added")
    shared = [key for key in base if key in other]
    if shared != [key for key in other if key in base]:
        what = "order of parameters changed: of several violations another is reported first"
        yield _request(Effect.SAME, "parameters", before.pointer, after.pointer, what)


def _spot(parameter: Parameter) -> str:
    return f"{parameter.where} {parameter.name}"


def _parameter(schemas: SchemaComparison, base: Parameter, other: Parameter) -> Iterator[Finding]:
    where = _spot(other)
    if base.name != other.name:
        yield _request(Effect.SAME, where, base.pointer, other.pointer, f"name: {base.name} -> {other.name}")
    yield from _now_required(base.required, other.required, where, base.pointer, other.pointer)
    if base.empty_allowed != other.empty_allowed:
        effect = Effect.MORE if other.empty_allowed else Effect.FEWER
        what = f"allowEmptyValue: {base.empty_allowed} -> {other.empty_allowed}"
        yield _request(effect, where, base.pointer, other.pointer, what)
    yield from schemas.findings(base.place, other.place, where)


def _now_required(base: bool, other: bool, where: str, base_at: str, other_at: str) -> Iterator[Finding]:
    if base != other:
        effect, what = (Effect.FEWER, "now required") if other else (Effect.MORE, "no longer required")
        yield _request(effect, where, base_at, other_at, what)


def _body(schemas: SchemaComparison, base: Body | None, other: Body | None) -> Iterator[Finding]:
    if base is None or other is None:
        if other is not None:
            effect, kind = (Effect.FEWER, "required") if other.required else (Effect.NEW, "optional")
            yield _request(effect, "body", None, other.pointer, f"{kind} body added")
        elif base is not None:
            yield _request(Effect.GONE, "body", base.pointer, None, "body removed")
        return
    yield from _now_required(base.required, other.required, "body", base.pointer, other.pointer)
    for what, one, two in (("name", base.name, other.name), ("schema name", base.schema_name, other.schema_name)):
        if one != two:
            yield _request(Effect.SAME, "body", base.pointer, other.pointer, f"{what}: {one} -> {two}")
    yield from _content(schemas, base.content, other.content, "body", base.pointer, other.pointer)


def _content(
    schemas: SchemaComparison,
    base: Mapping[str, Place],
    other: Mapping[str, Place],
    where: str,
    base_at: str,
    other_at: str,
) -> Iterator[Finding]:
    if schemas.direction == "request":
        for media in sorted(base.keys() - other.keys()):
            yield _request(Effect.FEWER, where, base_at, other_at, f"media type {media} removed")
        for media in sorted(other.keys() - base.keys()):
            yield _request(Effect.MORE, where, base_at, other_at, f"media type {media} added")
    shared = [media for media in base if media in other]
    pairs = {(id(base[media]), id(other[media])): (base[media], other[media]) for media in shared}
    if base and other and not pairs:
        pairs[0, 0] = next(iter(base.values())), next(iter(other.values()))
    for one, two in pairs.values():
        yield from schemas.findings(one, two, where)


def _media_types(before: Operation, after: Operation) -> Iterator[Finding]:
    for media in sorted(before.produces - after.produces):
        yield _response(Effect.GONE, "answers", before.pointer, after.pointer, f"media type {media} removed")
    for media in sorted(after.produces - before.produces):
        yield _response(Effect.NEW, "answers", before.pointer, after.pointer, f"media type {media} added")


def _responses(schemas: SchemaComparison, before: Operation, after: Operation) -> Iterator[Finding]:
    for status, response in before.responses.items():
        if status in after.responses:
            yield from _answer(schemas, status, response, after.responses[status])
        else:
            yield _response(Effect.GONE, status, response.pointer, None, f"status {status} removed")
    for status, response in after.responses.items():
        if status not in before.responses:
            # a client treats a 4xx or 5xx that it does not know as any other of its class (RFC 9110, 15)
            effect = Effect.NEW if status[:1] in "45" else Effect.MORE
            yield _response(effect, status, None, response.pointer, f"status {status} added")


def _answer(schemas: SchemaComparison, status: str, base: Response, other: Response) -> Iterator[Finding]:
    if bool(base.content) != bool(other.content):
        effect, what = (Effect.NEW, "body added") if other.content else (Effect.GONE, "body removed")
        yield _response(effect, status, base.pointer, other.pointer, what)
    yield from _content(schemas, base.content, other.content, status, base.pointer, other.pointer)
    for name in sorted(base.headers.keys() | other.headers.keys()):
        yield from _header(schemas, f"{status} header {name}", base.headers.get(name, ()), other.headers.get(name, ()))


def _header(schemas: SchemaComparison, where: str, base: Place, other: Place) -> Iterator[Finding]:
    if base and other:
        yield from schemas.findings(base, other, where)
    elif other:
        yield _response(Effect.NEW, where, None, other[0].pointer, "header added")
    else:
        yield _response(Effect.GONE, where, base[0].pointer, None, "header removed")
