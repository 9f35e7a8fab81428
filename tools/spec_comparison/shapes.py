"""What a place demands in all: references followed, allOf joined, discriminators paired with their concrete schemas.

A discriminator of OpenAPI 3 stands beside a oneOf and says itself what it can name. One of Swagger 2.0
acts where its schema is referred to, and leads to every schema that it can name. Each of those refers
to the same schema by allOf; there the choice has been made, so the discriminator leads nowhere and recursion ends. A
schema that refers to it by allOf without being one that it can name has not chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.spec_comparison.document import COMPOSITION, Document, Fragment, NotComparable, Place, pointer_step
from tools.spec_comparison.keywords import KEYWORDS, demands

PROSE = {"title", "description", "example", "examples", "externalDocs", "xml", "deprecated"}
_HANDLED = {
    *KEYWORDS,
    *COMPOSITION,
    "$ref",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "discriminator",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "const",
    "oneOf",
}


@dataclass(slots=True)
class Shape:
    """Everything that a place demands. Each demand comes with the JSON pointer at which it is written."""

    keywords: dict[str, tuple[Any, str]] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Place] = field(default_factory=dict)
    items: Place = ()
    additional: Place = ()
    closed: str | None = None
    """Where additionalProperties: false is written; None when unknown properties are allowed."""
    discriminators: dict[str, tuple[Mapping[str, Fragment], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    fragment: Fragment
    lineage: tuple[str, ...]
    """The named schemas that lead here by allOf, the one that holds the fragment last."""


def shape_of(document: Document, place: Place) -> Shape:
    """Return what the fragments of a place demand together. Raises NotComparable at an unknown keyword."""
    shape = Shape()
    for fragment in place:
        name = document.schema_name(fragment.pointer)
        for part in _parts(document, _Part(fragment, (name,) if name else ()), ()):
            _add(document, shape, part)
    return shape


def _parts(document: Document, part: _Part, trail: tuple[str, ...]) -> Iterator[_Part]:
    raw, pointer = part.fragment.raw, part.fragment.pointer
    if pointer in trail:
        raise NotComparable(f"{pointer} contains itself.")
    trail = (*trail, pointer)
    if "$ref" in raw:
        target = document.resolve(raw["$ref"])
        name = document.schema_name(target.pointer)
        yield from _parts(document, _Part(target, (*part.lineage, name) if name else part.lineage), trail)
        if document.siblings_count and any(keyword in _HANDLED for keyword in raw if keyword != "$ref"):
            beside = {keyword: value for keyword, value in raw.items() if keyword != "$ref"}
            yield _Part(Fragment(pointer, beside), part.lineage)
        return
    yield part
    for keyword in COMPOSITION:
        for index, member in enumerate(raw.get(keyword, ())):
            here = Fragment(f"{pointer}/{keyword}/{index}", member)
            yield from _parts(document, _Part(here, part.lineage), trail)


def _add(document: Document, shape: Shape, part: _Part) -> None:
    raw, pointer = part.fragment.raw, part.fragment.pointer
    for keyword in raw:
        if keyword not in _HANDLED and keyword not in PROSE and not keyword.startswith("x-"):
            raise NotComparable(f"{pointer}/{pointer_step(keyword)}: the keyword {keyword} is not understood here.")
    for keyword, written, value in demands(raw):
        where = f"{pointer}/{written}"
        known = shape.keywords.get(keyword)
        shape.keywords[keyword] = (KEYWORDS[keyword].join(known[0], value) if known else value, where)
    for name in raw.get("required", ()):
        shape.required.setdefault(name, f"{pointer}/required")
    for name, schema in raw.get("properties", {}).items():
        here = Fragment(f"{pointer}/properties/{pointer_step(name)}", schema)
        shape.properties[name] = (*shape.properties.get(name, ()), here)
    if "items" in raw:
        shape.items = (*shape.items, Fragment(f"{pointer}/items", raw["items"]))
    _add_additional(shape, raw.get("additionalProperties", True), f"{pointer}/additionalProperties")
    if isinstance(raw.get("discriminator"), Mapping):
        _add_choice(document, shape, part)
    elif "oneOf" in raw:
        raise NotComparable(f"{pointer}/oneOf: alternatives without a discriminator are not understood here.")
    elif "discriminator" in raw:
        _add_discriminator(document, shape, part)


def _add_additional(shape: Shape, value: Any, pointer: str) -> None:
    if value is False:
        shape.closed = shape.closed or pointer
    elif value is not True:
        shape.additional = (*shape.additional, Fragment(pointer, value))


def _add_discriminator(document: Document, shape: Shape, part: _Part) -> None:
    raw, pointer = part.fragment.raw, part.fragment.pointer
    name = raw["discriminator"]
    allowed = raw.get("properties", {}).get(name, {}).get("enum")
    concrete = {
        key: schema
        for key, schema in (document.concrete(part.lineage[-1]) if part.lineage else {}).items()
        if allowed is None or key in allowed
    }
    chosen = any(ancestor in concrete for ancestor in part.lineage[:-1])
    shape.discriminators[name] = ({} if chosen else concrete, f"{pointer}/discriminator")


def _add_choice(document: Document, shape: Shape, part: _Part) -> None:
    """A discriminator object: by its mapping, or by the names of the alternatives where it maps nothing."""
    raw, pointer = part.fragment.raw, part.fragment.pointer
    said = raw["discriminator"]
    mapping = said.get("mapping") or {
        _last(member.get("$ref", "")): member.get("$ref") for member in raw.get("oneOf", ())
    }
    if not mapping or not all(mapping.values()):
        raise NotComparable(f"{pointer}/discriminator: it does not say what it can name.")
    concrete = {key: document.resolve(_reference(target)) for key, target in sorted(mapping.items())}
    shape.discriminators[said["propertyName"]] = (concrete, f"{pointer}/discriminator")


def _reference(target: str) -> str:
    """A mapping names a schema by a reference or by its bare name."""
    return target if target.startswith("#") else f"#/components/schemas/{target}"


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
