"""The parameters of one request, checked one by one in the order of the spec; the first violation ends it.

Contract sections 3.1 and 3.3. Knows nothing of tokens and handlers.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from telemetry import log
from translator.exchange import BadBody, BadQuery, parse_query
from translator.spec import Body, Parameter, SpecOperation
from translator.strict_json import JsonRefused, parse
from translator.violations import NOT_FOUND, SCHEMA_VIOLATED, WRONG_BODY, WRONG_TYPE, Violation

Arguments = dict[str, Any]
ReadBody = Callable[[], Awaitable[bytes]]


async def validated(
    operation: SpecOperation,
    headers: Mapping[bytes, bytes],
    path: Mapping[str, str],
    query: bytes,
    given: bytes | ReadBody,
    json_depth_max: int,
) -> Arguments:
    """The handler's arguments by name; an optional parameter that is absent is None. Raises Violation.

    `given`: the body where it is at hand, or what waits for it.
    """
    request = _Parameters(headers, path, query)
    arguments: Arguments = {}
    for parameter in operation.before:
        request.take(parameter, arguments)
    body = operation.body
    if body is not None:
        try:
            raw = given if isinstance(given, bytes) else await given()
        except BadBody as problem:
            raise Violation(body.schema.name, WRONG_BODY, str(problem)) from None
        arguments[body.key] = _body(body, raw, json_depth_max)
    for parameter in operation.after:
        request.take(parameter, arguments)
    return arguments


class _Parameters(msgspec.Struct, eq=False):
    """Where the texts of parameters come from."""

    headers: Mapping[bytes, bytes]
    path: Mapping[str, str]
    query: bytes
    parsed: dict[str, list[str]] | None = None

    def take(self, parameter: Parameter, arguments: Arguments) -> None:
        location = parameter.location
        if location == "header":
            given = self.headers.get(parameter.header)
            text = None if given is None else given.decode("latin-1")
        elif location == "path":
            text = self.path[parameter.name]
        else:
            text = self.query_text(parameter)
        if text is None and parameter.required:
            raise Violation(parameter.name, NOT_FOUND)
        value = None if text is None else parameter.parse(text)
        if parameter.key is not None:
            arguments[parameter.key] = value

    def query_text(self, parameter: Parameter) -> Any:
        """The text, or the list of texts of a parameter that may stand several times."""
        if self.parsed is None:
            try:
                self.parsed = parse_query(self.query)
            except BadQuery:
                raise Violation(parameter.name, WRONG_BODY, "Invalid query") from None
        texts = self.parsed.get(parameter.name)
        if texts is None or parameter.several:
            return texts
        if len(texts) > 1:
            raise Violation(parameter.name, WRONG_TYPE)
        return texts[0]


def _body(body: Body, raw: bytes, json_depth_max: int) -> Any:
    schema = body.schema
    if not raw:
        if body.required:
            raise Violation(schema.name, NOT_FOUND)
        return None
    try:
        value, beyond_int64 = parse(raw, json_depth_max)
    except JsonRefused as problem:
        raise Violation(schema.name, WRONG_BODY, str(problem)) from None
    if not beyond_int64 and schema.is_valid(value):
        return value
    description = schema.explain(value)
    if description is None and beyond_int64:
        raise Violation(schema.name, WRONG_BODY, "Number is too large")
    if description is None:
        log.error("validation.unexplained", schema=schema.name)
    raise Violation(schema.name, SCHEMA_VIOLATED, description)
