"""What a sample sends: one request with variables in the places where a reader has values of their own."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from docs_site.operations import Operation, Parameter

VALUES = Path(__file__).with_name("values.toml")
CARD_TAG = "Tokens"
PART = re.compile(r"{([^}]*)}")
AUTHORIZATION = "Authorization"


class Variable(NamedTuple):
    """A value that the environment has under this name."""

    name: str


Text = tuple[str | Variable, ...]
"""Literal parts and variables, one after another."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """`url` begins with the variable of the version's address; `body` is JSON with variables, None without a body."""

    method: str
    url: Text
    headers: tuple[tuple[str, Text], ...]
    body: Any


def sample_request(version: str, base_path: str, operation: Operation) -> SampleRequest:
    """The request of an operation, from its examples and the table values.toml."""
    values = values_of(version, operation.operation_id)
    sent = frozenset(own_values(version, operation.operation_id))
    address = Variable("CAPI_CARDS" if operation.tag == CARD_TAG else "CAPI")
    return SampleRequest(
        operation.method,
        joined((address, base_path, *_path(operation, values), *_query(operation, values, sent))),
        tuple(_headers(operation, values, sent)),
        None if operation.media_type is None else filled(_body(operation, values), values),
    )


@cache
def table() -> Mapping[str, Any]:
    """values.toml"""
    return tomllib.loads(VALUES.read_text(encoding="utf-8"))


def values_of(version: str, operation_id: str) -> dict[str, Any]:
    """Field or parameter name -> value: those of all versions, the version's and the operation's, the last wins."""
    return {**table()["all"], **table().get(version, {}).get("all", {}), **own_values(version, operation_id)}


def own_values(version: str, operation_id: str) -> Mapping[str, Any]:
    """What the table says of this operation alone: optional parameters are sent when they are named here."""
    return table().get(version, {}).get(operation_id, {})


def variable_or(value: Any) -> Any:
    """`$NAME` in the table is a variable, anything else is itself."""
    return Variable(value[1:]) if isinstance(value, str) and value.startswith("$") else value


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """The body with the table's values in the fields that it names, at any depth; None in the table drops a field."""
    if isinstance(value, dict):
        return {
            name: variable_or(values[name]) if name in values else filled(part, values)
            for name, part in value.items()
            if values.get(name, value) != ""
        }
    if isinstance(value, list):
        return [filled(part, values) for part in value]
    return value


def joined(parts: tuple[str | Variable, ...]) -> Text:
    """Neighbouring literals become one."""
    text: list[str | Variable] = []
    for part in parts:
        if isinstance(part, str) and text and isinstance(text[-1], str):
            text[-1] += part
        elif part != "":
            text.append(part)
    return tuple(text)


def _body(operation: Operation, values: Mapping[str, Any]) -> Any:
    return values.get("body", operation.body)


def _path(operation: Operation, values: Mapping[str, Any]) -> list[str | Variable]:
    examples = {each.name: each.example for each in operation.parameters if each.place == "path"}
    parts: list[str | Variable] = []
    for number, part in enumerate(PART.split(operation.path)):
        if number % 2 == 0:
            parts.append(part)
            continue
        value = variable_or(values.get(part, examples[part]))
        parts.append(value if isinstance(value, Variable) else quote(str(value), safe=""))
    return parts


def _query(operation: Operation, values: Mapping[str, Any], sent: frozenset[str]) -> list[str | Variable]:
    asked = [each for each in operation.parameters if each.place == "query" and _is_sent(each, values, sent)]
    parts: list[str | Variable] = []
    for each in asked:
        value = variable_or(values.get(each.name, each.example))
        name = quote(each.name, safe="")
        parts += ["&" if parts else "?", f"{name}="]
        parts.append(value if isinstance(value, Variable) else quote(_shown(value), safe=""))
    return parts


def _headers(operation: Operation, values: Mapping[str, Any], sent: frozenset[str]) -> list[tuple[str, Text]]:
    headers: list[tuple[str, Text]] = []
    if operation.secured:
        token = variable_or(values.get(AUTHORIZATION, "$CAPI_KEY"))
        headers.append((AUTHORIZATION, ("Bearer ", token)))
    for each in operation.parameters:
        if each.place == "header" and each.name != AUTHORIZATION and _is_sent(each, values, sent):
            value = variable_or(values.get(each.name, each.example))
            headers.append((each.name, (value if isinstance(value, Variable) else _shown(value),)))
    if operation.media_type is not None:
        headers.append(("Content-Type", (operation.media_type,)))
    return headers


def _is_sent(parameter: Parameter, values: Mapping[str, Any], sent: frozenset[str]) -> bool:
    return values.get(parameter.name) != "" and (parameter.required or parameter.name in sent)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_shown, value)) if isinstance(value, list) else str(value)
