"""The fullest body of an operation: every member that there may be, of the variant whose turn it is."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from campaigns.versions.published import Node, Published, is_text

NESTING_MAX = 9
TEXT = {"type": "string"}
KEY, VALUE = "key", "value"
"""What stands in the place of a member's name where the names are the caller's own."""

Place = tuple[str, ...]
"""Names of the members from the body down to a text."""
Text = Callable[[Place, Node], str]


class Bodies:
    """Values of schemas. `text`: what a text says; `left_out`: places that stay empty, their names with dots between;
    `pairs`: how many members an object gets whose names are the caller's own.
    """

    def __init__(
        self, published: Published, text: Text, turn: int = 0, left_out: Collection[str] = (), pairs: int = 1
    ) -> None:
        self.published, self.text, self.turn, self.left_out, self.pairs = published, text, turn, left_out, pairs

    def value(self, node: Node, place: Place = ()) -> Any:
        """A value; where there are variants, the one whose turn it is."""
        node = self.published.resolved(node)
        if variants := self.published.variants(node):
            variant, chosen = variants[self.turn % len(variants)]
            return {**self.record(self.published.resolved(variant), place, chosen), **chosen}
        if place and "object" in kinds(node) and not node.get("properties") and "allOf" not in node:
            return self.of_own_names(place)
        if "allOf" in node or "object" in kinds(node) or "properties" in node:
            return self.record(node, place)
        if "array" in kinds(node):
            return [self.value(node["items"], place)]
        return self.text(place, node) if is_text(node) else self.published.scalar(node)

    def record(self, node: Node, place: Place, chosen: Collection[str] = ()) -> dict[str, Any]:
        """An object, without the members that were chosen already."""
        made: dict[str, Any] = {}
        for part in node.get("allOf", []):
            made |= self.record(self.published.resolved(part), place, chosen)
        for name, one in node.get("properties", {}).items():
            inner = (*place, name)
            if name not in chosen and self.is_written(inner, one):
                made[name] = self.value(one, inner)
        return made

    def is_written(self, place: Place, node: Node) -> bool:
        return (
            len(place) <= NESTING_MAX
            and ".".join(place) not in self.left_out
            and not self.published.is_read_only(node)
        )  # fmt: skip

    def of_own_names(self, place: Place) -> dict[str, Any]:
        """An object that takes any members."""
        return {self.text((*place, KEY), TEXT): self.text((*place, VALUE), TEXT) for _ in range(self.pairs)}


def kinds(node: Mapping[str, Any]) -> Collection[str]:
    """The types that a schema names."""
    kind = node.get("type", ())
    return (kind,) if isinstance(kind, str) else kind
