"""What merchants and payers do, drawn from the seed: one story is one invoice from its creation to its end.

Trouble cards take turns, so that every card of the mock bank is met in every `len(TROUBLES)` troubled payments.
"""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from campaigns.faults import payer
from campaigns.faults.client import Merchant, OutOfTime
from processing.banks.mock import cards

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
PAYER_GONE_S = 12
ENDED = ("captured", "cancelled", "refunded", "failed")
REFUND_ENDED = ("succeeded", "failed")
REFUND_REFUSALS = ("insufficentAccountBalance", "invoicePaymentAmountExceeded", "invalidPaymentStatus")
"""Of a refund that the shop's balance, or what is left of the payment, does not cover."""


@dataclass
class Played:
    """What the stories were, for the table; `cards`: invoice id -> card number."""

    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    cards: dict[str, str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)


@dataclass
class Story:
    """One invoice. `key` makes its externalIDs unique."""

    merchant: Merchant
    shop: str
    key: str
    kind: str
    dice: random.Random
    card: str
    played: Played

    @classmethod
    def draw(cls, merchant: Merchant, shop: str, seed: int, number: int, played: Played) -> "Story":
        """The story `number` of a seed."""
        dice = random.Random(f"story {seed} {number}")  # noqa: S311 - repeatable on purpose
        kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
        chosen = {"trouble": TROUBLES, "challenged": CHALLENGES, "declined": GROUPS["Declined"]}.get(kind)
        card = chosen[number % len(chosen)] if chosen else dice.choice(GROUPS["Approved"])
        return cls(merchant, shop, f"s{seed}-{number}", kind, dice, card, played)

    def play(self) -> None:
        """To its end, or until the campaign is out of time."""
        self.played.kinds[self.kind] += 1
        try:
            end = self._play()
        except OutOfTime:
            end = "out of time"
            self.played.unfinished.append(f"{self.key} ({self.kind}, card {self.card})")
        self.played.ends[end] += 1

    def _play(self) -> str:
        amount = self.dice.randrange(1_000, 100_000)
        made = self._invoice(amount)
        if made is None:
            return "no invoice"
        self.played.cards[made["invoice"]["id"]] = self.card
        path = self._pay(made)
        if path is None:
            return "no payment"
        if self.kind == "challenged":
            self._confirm(made)
        if self._holds:
            self._decide(path, amount)
        status = self.merchant.await_status(path, ENDED)
        if status == "captured" and (self.kind.startswith("refunded") or self.card in (REFUND_DECLINED, REFUND_LOST)):
            self._refund(path, amount)
        return status

    @property
    def _holds(self) -> bool:
        is_later_trouble = self.card in (CAPTURE_DECLINED, CAPTURE_LOST, VOID_BROKEN)
        return self.kind.startswith(("captured", "cancelled")) or is_later_trouble

    def _twice(self) -> bool:
        return self.dice.random() < TWICE

    def _invoice(self, amount: int) -> dict | None:
        due = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
        body = {
            "shopID": self.shop, "externalID": f"{self.key}-i", "dueDate": due, "amount": amount, "currency": "RUB",
            "product": "A thing", "metadata": {},
        }  # fmt: skip
        return self.merchant.create(
            "/processing/invoices", body, twice=self._twice(), id_of=lambda said: said["invoice"]["id"]
        )

    def _pay(self, made: dict) -> str | None:
        """The path of the payment; None when it was refused."""
        tool = {"paymentToolType": "CardData", "cardNumber": self.card, "expDate": "12/30", "cvv": "123"}
        body = {"paymentTool": tool, "clientInfo": {"fingerprint": "campaign"}}
        token = made["invoiceAccessToken"]["payload"]
        answer = self.merchant.insist("POST", "/processing/payment-resources", body, token)
        if answer.status_code != 201:
            self.merchant.journal.surprise(f"payment-resources answered {answer.status_code} {answer.text[:200]}")
            return None
        said = answer.json()
        hold = {"type": "PaymentFlowHold", "onHoldExpiration": "cancel"}
        order = {
            "externalID": f"{self.key}-p",
            "flow": hold if self._holds else {"type": "PaymentFlowInstant"},
            "payer": {
                "payerType": "PaymentResourcePayer", "paymentToolToken": said["paymentToolToken"],
                "paymentSession": said["paymentSession"], "contactInfo": {"email": "payer@example.com"},
            },
        }  # fmt: skip
        if self.card in SILENT:
            order["processingDeadline"] = f"{PAYER_GONE_S}s"
        path = f"/processing/invoices/{made['invoice']['id']}/payments"
        payment = self.merchant.create(path, order, twice=self._twice())
        return payment and f"{path}/{payment['id']}"

    def _confirm(self, made: dict) -> None:
        """As often as the payer is asked for, until the payment has ended: an answer may be lost on its way."""
        invoice, confirmed = f"/processing/invoices/{made['invoice']['id']}", 0
        while True:
            payments = self.merchant.read(f"{invoice}/payments") or []
            if any(payment["status"] in ENDED for payment in payments):
                return
            events = self.merchant.read(f"{invoice}/events?limit=100") or []
            changes = [change for event in events for change in event["changes"]]
            asked = [each["userInteraction"] for each in changes if "userInteraction" in each]
            if len(asked) > confirmed:
                payer.confirm(self.merchant, asked[-1])
                confirmed = len(asked)
            self.merchant.sleep(0.5)

    def _decide(self, path: str, amount: int) -> None:
        """Captures or cancels what is held."""
        if self.merchant.await_status(path, ("processed", *ENDED)) != "processed":
            return
        part = {"amount": self.dice.randrange(1, amount), "currency": "RUB"}
        orders = {
            "captured": [("capture", {})],
            "captured in part": [("capture", part)],
            "captured and cancelled at once": [("capture", {}), ("cancel", {})],
            "trouble": [("cancel" if self.card == VOID_BROKEN else "capture", {})],
        }.get(self.kind, [("cancel", {})])
        self._together([lambda order=order: self._order(path, *order) for order in orders])

    def _order(self, path: str, action: str, body: dict) -> None:
        """A repeat, or one who came second, is told that the payment has moved on."""
        answer = self.merchant.insist("POST", f"{path}/{action}", {"reason": "as agreed", **body})
        has_moved_on = answer.status_code == 400 and "invalidPaymentStatus" in answer.text
        if answer.status_code != 202 and not has_moved_on:
            self.merchant.journal.surprise(f"POST {path}/{action} answered {answer.status_code} {answer.text[:200]}")

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
        body = {"amount": part, "currency": "RUB", "externalID": f"{self.key}-r{number}"}
        twice = self.kind != "refunded twice at once" and self._twice()
        refund = self.merchant.create(f"{path}/refunds", body, twice=twice, refusals=REFUND_REFUSALS)
        if refund is not None:
            self.merchant.await_status(f"{path}/refunds/{refund['id']}", REFUND_ENDED)

    def _together(self, actions: list[Callable[[], None]]) -> None:
        """Side by side, each to its end."""
        with ThreadPoolExecutor(len(actions)) as pool:
            for done in [pool.submit(action) for action in actions]:
                done.result()
