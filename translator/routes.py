"""Path -> the operations of that path and the values of its parameters.

The templates of the spec become one tree of segments; a literal segment is tried before a parameter. The path is cut
into segments first and decoded then, so an encoded slash is a part of a value, as in the reference; what is not UTF-8
names nothing we serve.
"""

import re
from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

Served = TypeVar("Served")

PERCENT_SIGN = ord("%")
PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Route(Generic[Served]):
    """One path of the spec: `methods` maps each documented method to what is served there."""

    def __init__(self, template: str, names: tuple[str, ...]) -> None:
        self.template = template
        self.names = names
        self.methods: dict[str, Served] = {}

    @property
    def allow(self) -> str:
        """The value of an Allow header."""
        return ", ".join([*self.methods, "OPTIONS"])


class _Branch(Generic[Served]):
    __slots__ = ("any", "literals", "route")

    def __init__(self) -> None:
        self.literals: dict[str, _Branch[Served]] = {}
        self.any: _Branch[Served] | None = None
        self.route: Route[Served] | None = None


class Routes(Generic[Served]):
    """`Routes(base_path, rows)`, a row being (template, method, what is served)."""

    def __init__(self, base_path: str, rows: Iterable[tuple[str, str, Served]]) -> None:
        self._root: _Branch[Served] = _Branch()
        self._literal: dict[bytes, Route[Served]] = {}
        for template, method, served in rows:
            self._add(base_path.rstrip("/") + template, method, served)

    def _add(self, template: str, method: str, served: Served) -> None:
        branch, names = self._root, []
        for segment in template.split("/")[1:]:
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                branch.any = branch.any or _Branch()
                branch = branch.any
            else:
                branch = branch.literals.setdefault(segment, _Branch())
        if branch.route is None:
            branch.route = Route(template, tuple(names))
        if branch.route.names != tuple(names) or method in branch.route.methods:
            raise ValueError(f"{method} {template} and {branch.route.template} are the same path")
        branch.route.methods[method] = served
        if not names:
            self._literal[template.encode()] = branch.route

    def find(self, raw_path: bytes) -> tuple[Route[Served], dict[str, str]] | None:
        """The route of an undecoded path and its parameters by name; None when there is none."""
        route = self._literal.get(raw_path)
        if route is not None:
            return route, {}
        segments = decode(raw_path)
        if segments is None:
            return None
        values: list[str] = []
        route = _find(self._root, segments, 0, values)
        return (route, dict(zip(route.names, values, strict=True))) if route else None


def decode(raw_path: bytes) -> list[str] | None:
    """The decoded segments behind the first slash; None when the path is not strictly encoded."""
    try:
        if PERCENT_SIGN not in raw_path:
            segments = raw_path.decode("ascii").split("/")
        elif PERCENT.search(raw_path):
            return None
        else:
            segments = [unquote_to_bytes(segment).decode() for segment in raw_path.split(b"/")]
    except UnicodeDecodeError:
        return None
    return None if segments[0] else segments[1:]


def _find(branch: _Branch[Served], segments: list[str], place: int, values: list[str]) -> Route[Served] | None:
    if place == len(segments):
        return branch.route
    segment = segments[place]
    if (literal := branch.literals.get(segment)) and (route := _find(literal, segments, place + 1, values)):
        return route
    if branch.any and segment:
        values.append(segment)
        if route := _find(branch.any, segments, place + 1, values):
            return route
        values.pop()
    return None
