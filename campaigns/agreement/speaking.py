"""What the modules of the versions share: an HTTP client, wishes in plain words, facts that are there."""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import requests

TIMEOUT_S = 20
JSON = "application/json; charset=utf-8"
Facts = dict[str, Any]
"""Name of a fact -> its value in plain form; a fact that the version does not tell is not there."""


class Refused(Exception):
    """The API answered with something else than a 2xx."""


@dataclass(frozen=True)
class Client:
    """One token at the two gateways of one version; `shop` is the shop's plain id.

    `answers`: path and decoded body of the last answers, in order.
    """

    api_url: str
    tokens_url: str
    token: str
    shop: str
    session: requests.Session = field(default_factory=requests.Session, compare=False)
    answers: deque[tuple[str, Any]] = field(default_factory=lambda: deque(maxlen=4), compare=False, repr=False)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", at_cards: bool = False, **headers: str
    ) -> Any:
        """The decoded body of a 2xx, None where there is none. `at_cards`: at the gateway that card numbers pass."""
        url = (self.tokens_url if at_cards else self.api_url) + path
        sent = {"Authorization": f"Bearer {token or self.token}", "X-Request-ID": secrets.token_hex(8), **headers}
        if body is not None:
            sent["Content-Type"] = JSON
        answer = self.session.request(method, url, json=body, headers=sent, timeout=TIMEOUT_S)
        if not answer.ok:
            raise Refused(f"{method} {url}: {answer.status_code} {answer.text[:400]}")
        decoded = answer.json() if answer.content else None
        self.answers.append((path, decoded))
        return decoded


class Line(NamedTuple):
    """Of a cart. `tax`: rate, or None."""

    product: str
    quantity: int
    price: int
    tax: str | None = None


class InvoiceWish(NamedTuple):
    """`cart` decides the amount where it is not empty."""

    amount: int
    currency: str
    product: str
    due: datetime
    description: str | None = None
    cart: tuple[Line, ...] = ()
    metadata: Mapping[str, Any] = {}

    @property
    def total(self) -> int:
        """What has to be paid."""
        return sum(line.quantity * line.price for line in self.cart) or self.amount


class TemplateWish(NamedTuple):
    """`price`: (amount,), (lowest, highest), or () for any."""

    product: str
    currency: str
    price: tuple[int, ...]
    days: int
    description: str | None = None
    metadata: Mapping[str, Any] = {}


class Made(NamedTuple):
    """An invoice's plain id, and the token of its payer."""

    id: str
    payer_token: str


def moment(text: str | None) -> datetime | None:
    """A time of any version, to the millisecond."""
    if text is None:
        return None
    read = datetime.fromisoformat(text).astimezone(UTC)
    return read.replace(microsecond=read.microsecond // 1000 * 1000)


def text_of(when: datetime) -> str:
    """RFC 3339 with milliseconds."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def told(**facts: Any) -> Facts:
    """The facts that have a value."""
    return {name: value for name, value in facts.items() if value is not None}


def wait_for(read: Callable[[], Facts], ready: Callable[[Facts], bool], seconds: float = 20) -> Facts:
    """Reads until it is ready. Raises TimeoutError with the last facts."""
    end = time.monotonic() + seconds
    while not ready(facts := read()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s, the last was {facts}")
        time.sleep(0.05)
    return facts
