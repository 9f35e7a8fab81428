"""One specification in a form that no longer shows in which format it was written.

Knows nothing of comparison, and of the rules of a single format only what every format shares: references, pointers and
composition by allOf.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

COMPOSITION = ("allOf", "x-merge-properties")  # the second is a private spelling of the first, used by older contracts


class NotComparable(Exception):
    """A specification holds what the comparison would be blind to; the message is a sentence that says where."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One schema object as it is written: the JSON pointer at which it stands, and its contents."""

    pointer: str
    raw: Mapping[str, Any]


Place = tuple[Fragment, ...]
"""A place where a value stands: every fragment of it has to be met."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter outside the body. `where` is path, query, header, cookie or formData."""

    pointer: str
    name: str
    where: str
    required: bool
    place: Place
    empty_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, by media type. `schema_name` is the definition it refers to, if any: error messages name it."""

    pointer: str
    required: bool
    content: Mapping[str, Place]
    name: str = ""
    schema_name: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, by media type; no content at all means an empty body."""

    pointer: str
    content: Mapping[str, Place]
    headers: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, what it inherits written out. `security` holds the alternatives, each a set of demands."""

    pointer: str
    operation_id: str
    method: str
    path: str
    tags: tuple[str, ...]
    deprecated: bool
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]
    produces: frozenset[str]
    security: frozenset[frozenset[str]]

    @property
    def key(self) -> tuple[str, str]:
        """What the wire shows of the operation: the method, and the path without the names of its parameters."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)

    def path_position(self, name: str) -> int:
        """Return which parameter of the path, counted from 0, has this name; -1 when none has."""
        names = re.findall(r"\{([^}]*)\}", self.path)
        return names.index(name) if name in names else -1


@dataclass
class Document:
    """A specification: its operations, and its named schemas for whoever follows a reference.

    `siblings_count`: whether demands beside a $ref hold as well, as in OpenAPI 3.1, or are passed over.
    """

    raw: Mapping[str, Any]
    schemas_pointer: str
    siblings_count: bool = False
    operations: dict[tuple[str, str], Operation] = field(default_factory=dict)

    def resolve(self, reference: str) -> Fragment:
        """Return what a reference inside the document leads to. Raises NotComparable."""
        node: Any = self.raw
        try:
            for step in reference.removeprefix("#/").split("/"):
                node = node[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, TypeError):
            raise NotComparable(f"The reference {reference} leads nowhere.") from None
        return Fragment(reference.removeprefix("#"), node)

    def schema_name(self, pointer: str) -> str | None:
        """Return the name of the schema that stands at `pointer`, or None when the pointer is no named schema's."""
        head, _, name = pointer.rpartition("/")
        return name if head == self.schemas_pointer else None

    @cached_property
    def _schemas(self) -> Mapping[str, Mapping[str, Any]]:
        return self.resolve(f"#{self.schemas_pointer}").raw if self.schemas_pointer.strip("/") in self.raw else {}

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for name, schema in self._schemas.items():
            for member in (member for keyword in COMPOSITION for member in schema.get(keyword, ())):
                parent = self.schema_name(str(member.get("$ref", "")).removeprefix("#"))
                if parent is not None:
                    children.setdefault(parent, []).append(name)
        return children

    def concrete(self, name: str) -> dict[str, Fragment]:
        """Return every schema built upon the schema `name`, near and far: what its discriminator can name."""
        found: dict[str, Fragment] = {}
        waiting = list(self._children.get(name, ()))
        while waiting:
            child = waiting.pop()
            if child not in found and child != name:
                found[child] = Fragment(f"{self.schemas_pointer}/{child}", self._schemas[child])
                waiting.extend(self._children.get(child, ()))
        return dict(sorted(found.items()))


def pointer_step(name: object) -> str:
    """Return a name as one step of a JSON pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")
