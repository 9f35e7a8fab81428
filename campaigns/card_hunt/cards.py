"""The cards that are sent, and where each of them went: to one place only, so that a card that is found tells how."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from campaigns.card_hunt.tricks import TRICKS

EVERY_TRICK = tuple(TRICKS)


class Place(NamedTuple):
    """`kind`: header, path, query, body, card, ...; `name`: of the field, its parents before it with dots between."""

    version: str
    kind: str
    name: str


@dataclass
class Pushed:
    """What was sent. `requests`, `statuses`: by version and way or status; `fields`: (operation, kind, name) of every
    field that got a card, by version; `kept`: places whose text is stored as it was written, by contract.
    """

    place_of: dict[str, Place] = field(default_factory=dict)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    succeeded: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: dict[str, set[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(set))
    kept: set[Place] = field(default_factory=set)

    def count(self, version: str, way: str, status: int) -> None:
        """One request and the status of its answer."""
        self.requests[version, way] += 1
        self.statuses[version, status] += 1
        self.succeeded[version, way] += 200 <= status < 300


class Cards:
    """Hands out cards in spellings, each once, and remembers where each went."""

    def __init__(self, numbers: Iterator[str], count: int, pushed: Pushed) -> None:
        self.numbers, self.count, self.pushed, self.given = numbers, count, pushed, 0

    def left(self) -> int:
        """How many are still to be sent."""
        return max(self.count - self.given, 0)

    def number(self, place: Place, operation: str = "") -> str:
        """The next card, for this place of an operation."""
        number = next(self.numbers)
        self.given += 1
        self.pushed.place_of[number] = place
        self.pushed.fields[place.version].add((operation, place.kind, place.name))
        return number

    def text(self, place: Place, operation: str = "", tricks: Sequence[str] = EVERY_TRICK) -> str:
        """The next card in the next spelling."""
        return TRICKS[tricks[self.given % len(tricks)]](self.number(place, operation))
