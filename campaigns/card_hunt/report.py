"""What was sent and what was found, as two tables."""

from collections import Counter
from dataclasses import dataclass, field

from campaigns.card_hunt.pushing import Pushed
from campaigns.card_hunt.searching import Finder, Hit, cvvs
from console.table import aligned

EXAMPLES_MAX = 5
BY_CONTRACT = "kept by contract"


@dataclass
class Sink:
    """A place that was searched. `allowed`: places of cards that belong there by contract."""

    name: str
    bytes_searched: int = 0
    hits: Counter = field(default_factory=Counter)
    cvvs: int = 0
    kept: int = 0
    examples: list[str] = field(default_factory=list)

    def search(self, data: bytes, finder: Finder, pushed: Pushed, allowed: frozenset[str]) -> None:
        """Counts each card once, in the first reading that shows it."""
        self.bytes_searched += len(data)
        kept: set[str] = set()
        seen: set[str] = set()
        for hit in finder.find(data):
            if pushed.place_of[hit.number] in allowed:
                kept.add(hit.number)
            elif hit.number not in seen:
                seen.add(hit.number)
                self.count(hit, pushed.place_of[hit.number])
        self.kept += len(kept)
        shown = cvvs(data)
        self.cvvs += len(shown)
        self.examples += [f"CVV: {context!r}" for context in shown[: EXAMPLES_MAX - len(self.examples)]]

    def count(self, hit: Hit, place: str) -> None:
        """One more, with an example of the first ones."""
        self.hits[place, hit.form] += 1
        if self.hits[place, hit.form] <= 1 and len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{place}, {hit.form}: {hit.context[:200]!r}")

    @property
    def total(self) -> int:
        """Cards and CVVs that must not be there."""
        return self.hits.total() + self.cvvs


def text(pushed: Pushed, sinks: list[Sink], filtered_lines: int) -> str:
    """Both tables and the verdict."""
    places = Counter(place.split(" ")[0] for place in pushed.place_of.values())
    sent = [(kind, f"{count:,}") for kind, count in places.most_common()]
    ways = [(way, f"{count:,}") for way, count in sorted(pushed.requests.items())]
    statuses = ", ".join(f"{status or 'closed'}: {count:,}" for status, count in sorted(pushed.statuses.items()))
    rows = [
        (sink.name, f"{sink.bytes_searched / 1e6:,.1f}", f"{sink.hits.total():,}", f"{sink.cvvs:,}", f"{sink.kept:,}")
        for sink in sinks
    ]
    places_of_hits = Counter((sink.name, *key) for sink in sinks for key in sink.hits.elements())
    parts = [
        aligned(("CARDS WENT INTO", "CARDS"), sent),
        aligned(("REQUESTS", "COUNT"), [*ways, ("answers", statuses)]),
        aligned(("SEARCHED", "MB", "CARDS", "CVVS", BY_CONTRACT.upper()), rows),
        f"{BY_CONTRACT}: free texts of valid requests, stored as v2's contract says and excluded by name:\n  "
        + ", ".join(sorted(place.removeprefix("body ") for place in pushed.kept))
        + "\n  in calls and answers also X-Request-ID, traceparent and the ids that a path or query asks for, as sent",
    ]
    if places_of_hits:
        counted = [(*key, str(count)) for key, count in places_of_hits.most_common(40)]
        parts.append(aligned(("FOUND IN", "SENT AS", "READ", "CARDS"), counted))
        parts += [f"{sink.name}: {example}" for sink in sinks for example in sink.examples]
    found = sum(sink.total for sink in sinks)
    parts.append(
        f"{len(pushed.place_of):,} cards, {sum(pushed.requests.values()):,} requests, {filtered_lines:,} lines through "
        f"the log filter alone; hits outside the vault: {found}"
    )
    return "\n\n".join(parts)
