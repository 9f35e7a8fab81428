"""The state diagrams of invoice, payment and refund, from the machines' own tables.

Only where a state stands on the paper is decided here; which arrows there are, and their words, the tables say.
"""

from collections.abc import Mapping
from enum import StrEnum
from html import escape
from typing import NamedTuple

from processing.domain.lifecycles import INVOICE, PAYMENT, REFUND, Lifecycle

WIDTH, HEIGHT, STEP_X, STEP_Y, MARGIN, LEAD = 124, 40, 250, 112, 20, 50


class Place(NamedTuple):
    """Column and row on the paper."""

    column: float
    row: float


PLACES: Mapping[str, Mapping[str, Place]] = {
    "invoice": {"unpaid": Place(0, 0), "paid": Place(1, 0), "fulfilled": Place(2, 0), "cancelled": Place(1, 1)},
    "payment": {
        "pending": Place(0, 1),
        "processed": Place(1, 1),
        "captured": Place(2, 1),
        "refunded": Place(3, 1),
        "charged_back": Place(3, 2),
        "failed": Place(1, 2),
        "cancelled": Place(2, 0),
    },
    "refund": {"pending": Place(0, 0), "succeeded": Place(1, 0), "failed": Place(1, 1)},
}
TABLES: Mapping[str, Lifecycle] = {"invoice": INVOICE, "payment": PAYMENT, "refund": REFUND}


def markdown(name: str) -> str:
    """The drawing, and the same as a table for whoever cannot see it."""
    rows = "\n".join(
        f"| {_word(before) or '(start)'} | {_word(after)} | {why} |" for before, after, why in _steps(name)
    )
    table = f"| from | to | when |\n| --- | --- | --- |\n{rows}"
    return f'<figure class="lifecycle">{svg(name)}</figure>\n\n{table}'


def svg(name: str) -> str:
    """The drawing; colours are the page's own, so that it fits light and dark."""
    places = PLACES[name]
    columns = max(place.column for place in places.values())
    rows = max(place.row for place in places.values())
    width, height = columns * STEP_X + WIDTH + 2 * MARGIN + LEAD, rows * STEP_Y + HEIGHT + 2 * MARGIN
    steps = _steps(name)
    final = {after for _, after, _ in steps} - {before for before, _, _ in steps}
    arrows = "".join(_arrow(places, before, after, why) for before, after, why in steps)
    boxes = "".join(_box(place, state, state in {_word(each) for each in final}) for state, place in places.items())
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="The life of a {name}">'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L10 5L0 10z"/></marker></defs>{arrows}{boxes}</svg>'
    )


def _steps(name: str) -> list[tuple[StrEnum | None, StrEnum, str]]:
    return [(before, after, why) for (before, after), why in TABLES[name].items()]


def _word(status: StrEnum | None) -> str:
    return "" if status is None else status.value


def _corner(place: Place) -> tuple[float, float]:
    return MARGIN + LEAD + place.column * STEP_X, MARGIN + place.row * STEP_Y


def _box(place: Place, state: str, is_final: bool) -> str:
    x, y = _corner(place)
    kind = "state final" if is_final else "state"
    return (
        f'<g class="{kind}"><rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        f'<text x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 5:g}">{escape(state.replace("_", " "))}</text></g>'
    )


def _arrow(places: Mapping[str, Place], before: StrEnum | None, after: StrEnum, why: str) -> str:
    """A straight line between two boxes with its words in the middle; from the left edge for the beginning."""
    x2, y2 = _corner(places[after.value])
    if before is None:
        middle = y2 + HEIGHT / 2
        return f'<line x1="{x2 - LEAD:g}" y1="{middle:g}" x2="{x2:g}" y2="{middle:g}" marker-end="url(#tip)"/>'
    x1, y1 = _corner(places[before.value])
    start = (x1 + WIDTH, y1 + HEIGHT / 2) if x2 > x1 else (x1 + WIDTH / 2, y1 + HEIGHT)
    end = (x2, y2 + HEIGHT / 2) if x2 > x1 else (x2 + WIDTH / 2, y2)
    middle_x, middle_y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    words = "".join(
        f'<tspan x="{middle_x:g}" dy="{-10 if number == 0 else 25}">{escape(line)}</tspan>'
        for number, line in enumerate(_two_lines(why))
    )
    line = f'<line x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}" marker-end="url(#tip)"/>'
    return f'{line}<text class="why" x="{middle_x:g}" y="{middle_y:g}">{words}</text>'


def _two_lines(text: str) -> list[str]:
    if len(text) <= 18:
        return [text]
    cut = min((abs(len(text) / 2 - place), place) for place, char in enumerate(text) if char == " ")[1]
    return [text[:cut], text[cut + 1 :]]
