"""What merchants and payers do, drawn from the seed: one story is one invoice from its creation to its end.

A story is told in no version's words: those are in v1.py, v2.py and v3.py, functions of the same names.

Trouble cards take turns, so that every card of the mock bank is met in every `len(TROUBLES)` troubled payments.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from campaigns.faults import payer, v1, v2, v3
from campaigns.faults.client import Caller, OutOfTime
from campaigns.faults.v2 import Made
from processing.banks.mock import cards

VERSIONS = {"v2": 60, "v3": 30, "v1": 10}
"""Of a hundred stories so many are told through each."""

WORDS: Mapping[str, Any] = {"v1": v1, "v2": v2, "v3": v3}
SHARES = {
    "paid at once": 20, "captured": 9, "captured in part": 9, "cancelled": 9, "refunded": 9, "refunded in parts": 9,
    "refunded twice at once": 4, "captured and cancelled at once": 4, "challenged": 7, "declined": 4, "trouble": 18,
}  # fmt: skip
GROUPS = {
    group: [card.number for card in cards.TABLE if card.group == group] for group in {c.group for c in cards.TABLE}
}
TROUBLES = [
    card.number for card in cards.TABLE if card.group in ("Timing", "Broken answers", "Callbacks", "Later operations")
]
CAPTURE_DECLINED, CAPTURE_LOST, REFUND_DECLINED, REFUND_LOST, VOID_BROKEN = GROUPS["Later operations"]
CHALLENGES = GROUPS["3-D Secure"]
SILENT = {card.number for card in cards.TABLE if card.behaviour.authentication == cards.CHALLENGE_SILENT}
NONSENSE = {
    card.number
    for card in cards.TABLE
    if card.behaviour.delivery in (cards.GARBAGE, cards.OTHER_AMOUNT, cards.OTHER_CURRENCY, cards.OTHER_SHAPE)
}
APPROVED = {
    card.number
    for card in cards.TABLE
    if cards.Behaviour().code == card.behaviour.code == card.behaviour.capture_code
    and card.behaviour.authentication not in (cards.CHALLENGE_FAILED, cards.CHALLENGE_SILENT, cards.FRICTIONLESS_FAILED)
    and card.behaviour.delivery != cards.REFUSE_500
    and card.behaviour.notice != cards.CONTRADICTING
}
"""Whatever goes wrong on the way, the bank says yes in the end."""

TWICE = 0.3
ENDED = ("captured", "cancelled", "refunded", "failed")
REFUND_ENDED = ("succeeded", "failed")


@dataclass
class Played:
    """What the stories were, for the table; `cards`: invoice id -> card number."""

    kinds: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    cards: dict[str, str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)


@dataclass
class Story:
    """One invoice. `key` makes its names unique; `caller` speaks the version of its merchant."""

    caller: Caller
    shop: str
    key: str
    kind: str
    dice: random.Random
    card: str
    played: Played

    @classmethod
    def draw(cls, callers: Mapping[str, Caller], shop: str, seed: int, number: int, played: Played) -> "Story":
        """The story `number` of a seed."""
        dice = random.Random(f"story {seed} {number}")  # noqa: S311 - repeatable on purpose
        kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
        version = version_of(number)
        challenges = [card for card in CHALLENGES if WORDS[version].HAS_DEADLINES or card not in SILENT]
        chosen = {"trouble": TROUBLES, "challenged": challenges, "declined": GROUPS["Declined"]}.get(kind)
        card = chosen[number % len(chosen)] if chosen else dice.choice(GROUPS["Approved"])
        return cls(callers[version], shop, f"s{seed}-{number}", kind, dice, card, played)

    @property
    def words(self) -> Any:
        """The merchant's, of v1, v2 or v3."""
        return WORDS[self.caller.version]

    def play(self) -> None:
        """To its end, or until the campaign is out of time."""
        self.played.kinds[self.kind] += 1
        self.played.versions[self.caller.version] += 1
        try:
            end = self._play()
        except OutOfTime:
            end = "out of time"
            self.played.unfinished.append(f"{self.key} ({self.caller.version}, {self.kind}, card {self.card})")
        self.played.ends[end] += 1

    def _play(self) -> str:
        amount = self.dice.randrange(1_000, 100_000)
        made = self.words.make_invoice(self.caller, self.shop, self.key, amount, twice=self._twice())
        if made is None:
            return "no invoice"
        self.played.cards[made.id] = self.card
        path = self._pay(made)
        if path is None:
            return "no payment"
        if self.kind == "challenged":
            self._confirm(made)
        if self._holds:
            self._decide(path, amount)
        status = self.caller.await_status(path, ENDED)
        if status == "captured" and (self.kind.startswith("refunded") or self.card in (REFUND_DECLINED, REFUND_LOST)):
            self._refund(path, amount)
        return status

    @property
    def _holds(self) -> bool:
        is_later_trouble = self.card in (CAPTURE_DECLINED, CAPTURE_LOST, VOID_BROKEN)
        return self.kind.startswith(("captured", "cancelled")) or is_later_trouble

    def _twice(self) -> bool:
        return self.dice.random() < TWICE and self.words.IS_REPEATABLE

    def _pay(self, made: Made) -> str | None:
        return self.words.pay(
            self.caller, made, self.card, self.key,
            is_held=self._holds, is_silent=self.card in SILENT, twice=self._twice(),
        )  # fmt: skip

    def _confirm(self, made: Made) -> None:
        """As often as the payer is asked for, until the payment has ended: an answer may be lost on its way."""
        confirmed = None
        while not any(status in ENDED for status in self.words.payment_statuses(self.caller, made.id)):
            asked = self.words.asked_of_payer(self.caller, made.id)
            if asked and asked[-1].number != confirmed:
                payer.confirm(self.caller, asked[-1])
                confirmed = asked[-1].number
            self.caller.sleep(0.5)

    def _decide(self, path: str, amount: int) -> None:
        """Captures or cancels what is held."""
        held = self.words.HELD
        if self.caller.await_status(path, (held, *ENDED)) != held:
            return
        part = self.dice.randrange(1, amount)

        def capture(part: int | None = None) -> None:
            self.words.capture(self.caller, path, self.key, part)

        def cancel() -> None:
            self.words.cancel(self.caller, path, self.key)

        orders = {
            "captured": [capture],
            "captured in part": [lambda: capture(part)],
            "captured and cancelled at once": [capture, cancel],
            "trouble": [cancel if self.card == VOID_BROKEN else capture],
        }.get(self.kind, [cancel])
        self._together(orders)

    def _refund(self, path: str, amount: int) -> None:
        parts = {"refunded in parts": [amount // 3, amount // 4], "refunded twice at once": [amount, amount]}
        refunds = [
            lambda number=number, part=part: self._refund_of(path, number, part)
            for number, part in enumerate(parts.get(self.kind, [amount]))
        ]
        if self.kind == "refunded twice at once":
            self._together(refunds)
        else:
            for refund in refunds:
                refund()

    def _refund_of(self, path: str, number: int, part: int) -> None:
        twice = self.kind != "refunded twice at once" and self._twice()
        refund = self.words.refund(self.caller, path, f"{self.key}-r{number}", part, twice=twice)
        if refund is not None:
            self.caller.await_status(refund, REFUND_ENDED)

    def _together(self, actions: list[Callable[[], None]]) -> None:
        """Side by side, each to its end."""
        with ThreadPoolExecutor(len(actions)) as pool:
            for done in [pool.submit(action) for action in actions]:
                done.result()


def version_of(number: int) -> str:
    """The version that the story is told through: taking turns, so that every short campaign has all of them."""
    turn = number * 37 % sum(VERSIONS.values())
    for version, share in VERSIONS.items():
        if turn < share:
            return version
        turn -= share
    raise AssertionError("a turn lies below the sum of all shares")
