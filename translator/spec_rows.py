"""The rows that a spec is compiled into: what a request needs of it, computed once at the start.

Made by `spec` from Swagger 2.0 and by `openapi3` from OpenAPI 3.1; those who serve requests see only these.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from translator.schemas import Node, SpecRefused
from translator.violations import Fault

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
KEPT_HEADERS = frozenset(
    {
        "X-Request-ID",
        "X-Request-Deadline",
        "Request-Deadline",
        "Authorization",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
    }
)
"""Header parameters that the gateway itself lives by: checked, and not handed to operations."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A header, path or query parameter. `key`: the handler's argument, None when the gateway keeps it.

    For versions that name every broken rule, `faults`: those of a value; `as_json`: a text as the value it seems to
    stand for; `default`: the value where it is absent.
    """

    name: str
    location: str
    key: str | None
    required: bool
    several: bool
    parse: Callable[[Any], Any]
    header: bytes = b""
    faults: Callable[[Any], Iterator[Fault]] | None = None
    as_json: Callable[[Any], Any] | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class Schema:
    """A body's schema compiled. `name`: the definition's, by which violations call the body. `explain`: the first
    broken rule in words; `faults`: all of them, for versions that name them all.
    """

    name: str
    members: frozenset[str]
    is_valid: Callable[[Any], bool]
    explain: Callable[[Any], str | None]
    node: Node = field(repr=False)
    faults: Callable[[Any], Iterator[Fault]] | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The body parameter."""

    key: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class SpecOperation:
    """One operationId. `before` and `after` are the parameters that stand before and after the body in the spec.

    `answers`: status -> schema of its body, None where the body must be empty. `content_types`: status -> content type
    of its body where the spec names one by status. `rate_class`: which of the caller's limits it counts against, where
    the version has several. `needs_match`: whether the caller must say which version of the object they saw.
    `query_names`: of its query parameters, where others are refused.
    """

    operation_id: str
    method: str
    template: str
    tags: tuple[str, ...]
    secured: bool
    media_types: tuple[str, ...]
    before: tuple[Parameter, ...]
    body: Body | None
    after: tuple[Parameter, ...]
    answers: Mapping[int, Schema | None] = field(repr=False)
    content_types: Mapping[int, str] = field(default_factory=dict, repr=False)
    rate_class: str = ""
    needs_match: bool = False
    query_names: frozenset[str] = frozenset()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.before + self.after

    def keys(self) -> list[str]:
        """The arguments its handler is called with."""
        body = [self.body.key] if self.body else []
        return [parameter.key for parameter in self.parameters if parameter.key] + body


def check_names(operation: SpecOperation) -> None:
    """SpecRefused when two arguments would have one name, or the path and its parameters do not agree."""
    keys = operation.keys()
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise SpecRefused(f"two parameters are called {twice[0]}.")
    in_template = set(re.findall(r"{([^}]*)}", operation.template))
    in_path = {parameter.name for parameter in operation.parameters if parameter.location == "path"}
    if in_template != in_path:
        raise SpecRefused(f"its path {operation.template} and its path parameters {sorted(in_path)} do not agree.")


def argument_name(name: str) -> str:
    """invoiceID -> invoice_id, getInvoiceByID -> get_invoice_by_id, geoIDs -> geo_ids, X-Thing -> x_thing,
    createdAt[gte] -> created_at_gte.
    """
    words = re.sub(r"IDs", "Ids", re.sub(r"\W+", "_", name).strip("_"))
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", words)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    return words.lower()
