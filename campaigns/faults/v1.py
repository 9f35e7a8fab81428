"""What a merchant of v1 says: nothing is repeatable there, so an unknown outcome is looked at before another try.

Such a try may still make a second object, by the contract of v1; the platform may make no more than it was asked for.
"""

from collections.abc import Callable
from typing import Any

from campaigns.faults import v2
from campaigns.faults.client import PAUSE_S, PAUSE_S_MAX, UNDECIDED, Caller
from campaigns.faults.v2 import Made

HELD = v2.HELD
IS_REPEATABLE = False
HAS_DEADLINES = False

asked_of_payer = v2.asked_of_payer
payment_statuses = v2.payment_statuses
cancel = v2.cancel
subscribe = v2.subscribe


def make_invoice(caller: Caller, shop: str, key: str, amount: int, *, twice: bool) -> Made | None:
    """An invoice that nobody heard of is an invoice that nobody pays: there is nothing to look at."""
    body = v2.invoice_params(shop, key, amount)
    said = create(caller, "/processing/invoices", body, key, list, lambda said: said["invoice"]["id"])
    return v2.made_of(said)


def pay(caller: Caller, made: Made, card: str, key: str, *, is_held: bool, is_silent: bool, twice: bool) -> str | None:
    """The path of the payment."""
    body = v2.payment_params(caller, made, card, is_held=is_held)
    path = f"/processing/invoices/{made.id}/payments"
    payment = body and create(caller, path, body, made.id, lambda: caller.read(path))
    return payment and f"{path}/{payment['id']}"


def capture(caller: Caller, path: str, key: str, part: int | None) -> None:
    """All of it: v1 knows no parts."""
    v2.capture(caller, path, key, None)


def refund(caller: Caller, path: str, key: str, part: int, *, twice: bool) -> str | None:
    """The path of the refund; None when it was refused."""

    def look() -> list[dict] | None:
        found = caller.read(f"{path}/refunds")
        return found and [each for each in found if each["amount"] == part]

    body = {"amount": part, "currency": "RUB"}
    said = create(caller, f"{path}/refunds", body, place_of(path), look, refusals=v2.REFUND_REFUSALS)
    return said and f"{path}/refunds/{said['id']}"


def place_of(path: str) -> str:
    """Of a payment's path: `invoice.payment`."""
    *_, invoice_id, _, payment_id = path.split("/")
    return f"{invoice_id}.{payment_id}"


def create(
    caller: Caller,
    path: str,
    body: dict,
    place: str,
    look: Callable[[], list[dict] | None],
    id_of: Any = lambda said: said["id"],
    refusals: tuple = (),
) -> dict | None:
    """A new object, or the newest that `look` finds where the outcome is unknown; None when it was refused.

    `look` answers None when there is no answer to rely on; then it is asked again before anything is sent again.
    """
    pause = PAUSE_S
    while True:
        caller.journal.allow(place)
        answer = caller.once("POST", path, body)
        if answer is not None and answer.status_code == 201:
            caller.journal.acknowledge(caller.version, f"{path}/{id_of(answer.json())}", id_of(answer.json()))
            return answer.json()
        while (found := look()) is None:
            caller.sleep(pause)
        if found:
            return found[-1]
        if answer is not None and answer.status_code not in UNDECIDED:
            if not v2.is_refusal(answer, refusals):
                caller.refused("POST", path, answer)
            return None
        caller.sleep(pause)
        pause = min(2 * pause, PAUSE_S_MAX)
