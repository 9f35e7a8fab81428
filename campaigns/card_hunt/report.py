"""What was sent and what was found, as tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.card_hunt.cards import Place, Pushed
from campaigns.card_hunt.searching import Finder, Hit, cvvs
from console.table import aligned

EXAMPLES_MAX = 5
BY_CONTRACT = "kept by contract"
UNSERVED = 501
"""The answer of a process that another one's operation is sent to."""
FIELD_KINDS = ("header", "path", "query", "body")


@dataclass
class Sink:
    """A place that was searched. `hits`: by where the card was sent, and how it was read."""

    name: str
    bytes_searched: int = 0
    hits: Counter[tuple[Place, str]] = field(default_factory=Counter)
    cvvs: int = 0
    kept: int = 0
    examples: list[str] = field(default_factory=list)

    def search(self, data: bytes, finder: Finder, pushed: Pushed, allowed: frozenset[Place]) -> None:
        """Counts each card once, in the first reading that shows it. `allowed`: places of cards that belong there."""
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

    def count(self, hit: Hit, place: Place) -> None:
        """One more, with an example of the first ones."""
        self.hits[place, hit.form] += 1
        if self.hits[place, hit.form] <= 1 and len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{' '.join(place)}, {hit.form}: {hit.context[:200]!r}")

    @property
    def total(self) -> int:
        """Cards and CVVs that must not be there."""
        return self.hits.total() + self.cvvs


def text(pushed: Pushed, sinks: Sequence[Sink], filtered_lines: int) -> str:
    """The tables and the verdict."""
    parts = [of_kinds(pushed), of_ways(pushed), of_sinks(sinks), by_contract(pushed)]
    places_of_hits = Counter((sink.name, *key) for sink in sinks for key in sink.hits.elements())
    if places_of_hits:
        counted = [(name, " ".join(place), form, str(count))
                   for (name, place, form), count in places_of_hits.most_common(40)]  # fmt: skip
        parts.append(aligned(("FOUND IN", "SENT AS", "READ", "CARDS"), counted))
    parts += [f"{sink.name}: {example}" for sink in sinks for example in sink.examples]
    parts.append(of_versions(pushed, sinks))
    found = sum(sink.total for sink in sinks)
    parts.append(
        f"{len(pushed.place_of):,} cards, {sum(pushed.requests.values()):,} requests, {filtered_lines:,} lines through "
        f"the log filter alone; {len(sinks)} places searched; hits outside the vault: {found}"
    )
    return "\n\n".join(parts)


def names(pushed: Pushed) -> list[str]:
    """The versions, in order."""
    return sorted(pushed.fields)


def of_kinds(pushed: Pushed) -> str:
    """Which cards went where."""
    counted = Counter((place.kind, place.version) for place in pushed.place_of.values())
    kinds = sorted({kind for kind, _ in counted})
    rows = [(kind, *(f"{counted[kind, name]:,}" for name in names(pushed))) for kind in kinds]
    return aligned(("CARDS WENT INTO", *names(pushed)), rows)


def of_ways(pushed: Pushed) -> str:
    """Requests, and how many of them succeeded; then the statuses of all."""
    ways = sorted({way for _, way in pushed.requests})
    rows = [
        (way, *(f"{pushed.requests[name, way]:,} ({pushed.succeeded[name, way]:,})" for name in names(pushed)))
        for way in ways
    ]
    statuses = sorted({status for _, status in pushed.statuses})
    answers = [
        (f"answer {status or 'closed'}", *(f"{pushed.statuses[name, status]:,}" for name in names(pushed)))
        for status in statuses
    ]
    return aligned(("REQUESTS (SUCCEEDED)", *names(pushed)), [*rows, *answers])


def of_sinks(sinks: Sequence[Sink]) -> str:
    """What was searched."""
    rows = [
        (sink.name, f"{sink.bytes_searched / 1e6:,.1f}", f"{sink.hits.total():,}", f"{sink.cvvs:,}", f"{sink.kept:,}")
        for sink in sinks
    ]
    return aligned(("SEARCHED", "MB", "CARDS", "CVVS", BY_CONTRACT.upper()), rows)


def by_contract(pushed: Pushed) -> str:
    """Which cards may lie where they were found."""
    kept = sorted({place.name for place in pushed.kept})
    return (
        f"{BY_CONTRACT}: free texts of valid requests, and Idempotency-Key, stored as the contracts say:\n  "
        + ", ".join(kept)
        + "\n  in calls and answers also X-Request-ID, traceparent, the ids that are asked for and webhooks' addresses,"
        + " as sent"
    )


def of_versions(pushed: Pushed, sinks: Sequence[Sink]) -> str:
    """A row for each version. A CVV that is found tells no version, so each row has them all."""
    cards = Counter(place.version for place in pushed.place_of.values())
    hits = Counter(place.version for sink in sinks for place, _ in sink.hits.elements())
    found = sum(sink.cvvs for sink in sinks)
    failed = Counter(dict.fromkeys(names(pushed), 0))
    for (name, status), count in pushed.statuses.items():
        failed[name] += count * (status >= 500 and status != UNSERVED)
    rows = [
        (
            name, f"{cards[name]:,}", f"{sum(n for (one, _), n in pushed.requests.items() if one == name):,}",
            f"{len({one for one in pushed.fields[name] if one[1] in FIELD_KINDS}):,}", f"{failed[name]:,}",
            str(len(sinks)), f"{hits[name] + found:,}",
        )
        for name in names(pushed)
    ]  # fmt: skip
    return aligned(("VERSION", "CARDS", "REQUESTS", "FIELDS", "5XX", "PLACES SEARCHED", "HITS"), rows)
