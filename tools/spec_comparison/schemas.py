"""Compare what two places demand, all the way down, and name every finding.

Knows the directions: a request breaks when fewer values are accepted, a response when more can come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from tools.spec_comparison.document import Document, Place
from tools.spec_comparison.keywords import KEYWORDS, Effect
from tools.spec_comparison.shapes import Shape, shape_of

T = TypeVar("T")
Direction = Literal["request", "response"]
Verdict = Literal["breaking", "compatible"]

VERDICTS: dict[tuple[Direction, Effect], tuple[Verdict, str]] = {
    ("request", Effect.FEWER): ("breaking", "requests that were accepted are refused"),
    ("request", Effect.MORE): ("compatible", "more requests are accepted"),
    ("request", Effect.DIFFERENT): ("breaking", "requests are understood differently or refused"),
    ("request", Effect.SAME): ("compatible", "requests are accepted as before"),
    ("request", Effect.NEW): ("compatible", "clients need not send it"),
    ("request", Effect.GONE): ("breaking", "what clients send there no longer counts"),
    ("response", Effect.FEWER): ("compatible", "answers hold only what they could hold before"),
    ("response", Effect.MORE): ("breaking", "answers can hold what no client has seen"),
    ("response", Effect.DIFFERENT): ("breaking", "answers mean or hold something else"),
    ("response", Effect.SAME): ("compatible", "answers are as before"),
    ("response", Effect.NEW): ("compatible", "clients pass over what they do not know"),
    ("response", Effect.GONE): ("breaking", "what clients read there is gone"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `pointer` leads into the other document, or into the base when `stands_in` says so."""

    verdict: Verdict
    location: str
    pointer: str
    stands_in: Literal["base", "other"]
    what: str
    why: str


def found(
    direction: Direction, effect: Effect, location: str, base_at: str | None, other_at: str | None, what: str
) -> Finding:
    """Return the finding that a change is. `base_at` and `other_at` are JSON pointers, None where there is nothing."""
    verdict, why = VERDICTS[direction, effect]
    return Finding(verdict, location, other_at or base_at or "", "other" if other_at else "base", what, why)


@dataclass(slots=True)
class SchemaComparison:
    """Compares places of two documents in one direction. A pair of places inside itself is not entered again."""

    base: Document
    other: Document
    direction: Direction
    _active: set[tuple[tuple[int, ...], tuple[int, ...]]]

    @classmethod
    def of(cls, base: Document, other: Document, direction: Direction) -> SchemaComparison:
        """Return a comparison that has not begun."""
        return cls(base, other, direction, set())

    def findings(self, base: Place, other: Place, location: str) -> Iterator[Finding]:
        """Yield every difference between two places. `location` is the path of the value, for people."""
        before, after = shape_of(self.base, base), shape_of(self.other, other)
        yield from self._keywords(before, after, location)
        yield from self._required(before, after, location)
        yield from self._properties(before, after, location)
        yield from self._nested(before.items, after.items, f"{location}[]", "items")
        yield from self._openness(before, after, location)
        yield from self._discriminators(before, after, location)

    def _guarded(self, base: Place, other: Place, location: str) -> Iterator[Finding]:
        key = self._identity(self.base, base), self._identity(self.other, other)
        if key in self._active:
            return
        self._active.add(key)
        yield from self.findings(base, other, location)
        self._active.discard(key)

    @staticmethod
    def _identity(document: Document, place: Place) -> tuple[int, ...]:
        return tuple(id(document.resolve(part.raw["$ref"]).raw if "$ref" in part.raw else part.raw) for part in place)

    def _found(self, effect: Effect, location: str, base_at: str | None, other_at: str | None, what: str) -> Finding:
        return found(self.direction, effect, location, base_at, other_at, what)

    def _keywords(self, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        for keyword, row in KEYWORDS.items():
            base, base_at = before.keywords.get(keyword, (None, None))
            other, other_at = after.keywords.get(keyword, (None, None))
            if base == other:
                continue
            for effect, what in row.changes(base, other):
                acts = row.direction in (None, self.direction)
                yield self._found(effect if acts else Effect.SAME, location, base_at, other_at, f"{keyword}: {what}")

    def _required(self, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        for name, pointer in _without(before.required, after.required):
            yield self._found(Effect.MORE, f"{location}.{name}", pointer, None, f"{name} no longer required")
        for name, pointer in _without(after.required, before.required):
            yield self._found(Effect.FEWER, f"{location}.{name}", None, pointer, f"{name} now required")

    def _properties(self, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        unseen = before.closed is not None and self.direction == "response"
        for name, (fragment, *_) in _without(after.properties, before.properties):
            effect = Effect.MORE if unseen else Effect.NEW
            yield self._found(effect, f"{location}.{name}", None, fragment.pointer, "property added")
        for name, place in before.properties.items():
            if name in after.properties:
                yield from self._guarded(place, after.properties[name], f"{location}.{name}")
            else:
                yield self._found(Effect.GONE, f"{location}.{name}", place[0].pointer, None, "property removed")

    def _nested(self, base: Place, other: Place, location: str, keyword: str) -> Iterator[Finding]:
        if base and other:
            yield from self._guarded(base, other, location)
        elif other:
            yield self._found(Effect.FEWER, location, None, other[0].pointer, f"{keyword}: now described")
        elif base:
            yield self._found(Effect.MORE, location, base[0].pointer, None, f"{keyword}: no longer described")

    def _openness(self, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        if (before.closed is None) == (after.closed is None):
            yield from self._nested(before.additional, after.additional, f"{location}.*", "additionalProperties")
            return
        effect, answer = (Effect.FEWER, "refused") if after.closed else (Effect.MORE, "allowed")
        yield self._found(effect, location, before.closed, after.closed, f"unknown properties now {answer}")

    def _discriminators(self, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        for name, (_, pointer) in _without(before.discriminators, after.discriminators):
            yield self._found(Effect.DIFFERENT, location, pointer, None, f"discriminator {name} removed")
        for name, (_, pointer) in _without(after.discriminators, before.discriminators):
            yield self._found(Effect.DIFFERENT, location, None, pointer, f"discriminator {name} added")
        for name in before.discriminators:
            if name in after.discriminators:
                yield from self._concrete(name, before, after, location)

    def _concrete(self, name: str, before: Shape, after: Shape, location: str) -> Iterator[Finding]:
        (base, base_at), (other, other_at) = before.discriminators[name], after.discriminators[name]
        for key, _ in _without(base, other):
            yield self._found(Effect.FEWER, location, base_at, other_at, f"discriminator {name}: {key} removed")
        for key, _ in _without(other, base):
            yield self._found(Effect.MORE, location, base_at, other_at, f"discriminator {name}: {key} added")
        for key in base:
            if key in other:
                yield from self._guarded((base[key],), (other[key],), f"{location}<{key}>")


def _without(one: Mapping[str, T], two: Mapping[str, T]) -> list[tuple[str, T]]:
    return [(name, value) for name, value in one.items() if name not in two]
