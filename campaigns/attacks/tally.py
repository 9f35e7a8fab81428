"""Counts of one family of attacks."""

from collections import Counter
from dataclasses import dataclass, field

INSIDE = "inside"
"""What is attacked where it is no version: the platform behind them."""
EXAMPLES_MAX, WHAT_CHARS_MAX = 8, 600
# 501: an operation that the process does not serve. 503: refused for now, as documented.
CALM = (501, 503)


class NoControl(Exception):
    """The honest request was refused: that its forgeries are refused as well proves nothing."""


def require_honest(what: str, status: int, expected: int = 200) -> None:
    """Raises NoControl unless what is not forged succeeds."""
    if status != expected:
        raise NoControl(f"{what}: {status} instead of {expected}")


@dataclass
class Tally:
    """`version`: the one that was attacked, or what else. `accepted`: attacks that got what they wanted. `broken`:
    answers of 5xx that no contract knows.
    """

    family: str
    version: str = ""
    tried: int = 0
    accepted: int = 0
    broken: int = 0
    answers: Counter = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    is_alive: bool = True

    def count(self, what: object, status: int, is_accepted: bool | None = None) -> None:
        """One attack and its answer; accepted is what succeeded unless it is said."""
        accepted = 200 <= status < 300 if is_accepted is None else is_accepted
        broken = status >= 500 and status not in CALM
        self.tried += 1
        self.accepted += accepted
        self.broken += broken
        self.answers[status] += 1
        if (accepted or broken) and len(self.examples) < EXAMPLES_MAX:
            fate = "accepted" if accepted else "broken"
            self.examples.append(f"{self.family}, {self.version}: {status} {fate}: {str(what)[:WHAT_CHARS_MAX]}")

    def answers_said(self) -> str:
        """How often each status was the answer."""
        return ", ".join(f"{status or 'closed'}: {count:,}" for status, count in sorted(self.answers.items()))

    @property
    def is_good(self) -> bool:
        """Nothing accepted, nothing broken, the system alive afterwards."""
        return not self.accepted and not self.broken and self.is_alive
