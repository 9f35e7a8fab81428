"""What a merchant of v3 says: every POST carries an Idempotency-Key, and every answer is believed to the letter.

    no answer, 500, 504       unknown: the same request under the same key
    503, Money-Moved: no      nothing was done: where the key has met nothing else, another key may take its place
    202 operationUnderWay     begun: the key is looked up, then the same request tells the answer
    409 in use, 429           later, as Retry-After says

What an answer owes its reader is looked at on the way; what breaks it is a surprise.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.faults.client import PAUSE_S, UNDECIDED, Answer, Caller, KeyUse
from campaigns.faults.payer import Asked
from campaigns.faults.v2 import Made

HELD = "authorized"
IS_REPEATABLE = True
HAS_DEADLINES = False

KEYS = "/idempotency-keys"
IN_USE = "idempotency-key-in-use"
MOVED_ON = ("invalid-payment-status",)
REFUND_REFUSALS = ("insufficient-balance", "refund-amount-too-large", *MOVED_ON)
WAIT_S_MAX = 3
DEADLINE_S = 4
"""How long a merchant gives the platform: a key whose gateway was killed is taken for little longer than that."""


def make_invoice(caller: Caller, shop: str, key: str, amount: int, *, twice: bool) -> Made | None:
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
    body = {"shopId": f"shp_{shop}", "product": key, "amount": money(amount), "dueAt": due}
    said = create(caller, "/invoices", body, f"{key}-i", key, twice=twice)
    if said is None:
        return None
    token = send(caller, f"{own(said)}/tokens", None, f"{key}-t")
    if token.status_code != 201:
        caller.refused("POST", f"{own(said)}/tokens", token)
        return None
    return Made(said["id"].removeprefix("inv_"), token.json()["token"])


def pay(caller: Caller, made: Made, card: str, key: str, *, is_held: bool, is_silent: bool, twice: bool) -> str | None:
    """The path of the payment."""
    data = {"number": card, "expiryMonth": 12, "expiryYear": 2030, "securityCode": "123"}
    method = {"type": "card", "card": data}
    tool = {"paymentMethod": method, "device": {"fingerprint": "campaign"}, "invoiceId": f"inv_{made.id}"}
    answer = send(caller, "/paymentTokens", tool, f"{key}-c", made.payer_token)
    if answer.status_code != 201:
        caller.refused("POST", "/paymentTokens", answer)
        return None
    body = {
        "source": {"type": "token", "token": answer.json()["id"]}, "payer": {"email": "payer@example.com"},
        **({"capture": "manual", "holdExpiration": "cancel"} if is_held else {}),
    }  # fmt: skip
    said = create(caller, f"/invoices/inv_{made.id}/payments", body, f"{key}-p", made.id, twice=twice)
    return said and own(said)


def asked_of_payer(caller: Caller, invoice_id: str) -> list[Asked]:
    """Where the payer has to go now; numbered by the payment's version, which grows with every wish of the bank."""
    waiting = [payment for payment in payments_of(caller, invoice_id) if "redirect" in payment.get("nextAction", {})]
    return [redirect_of(payment["version"], payment["nextAction"]["redirect"]) for payment in waiting]


def redirect_of(number: int, redirect: dict) -> Asked:
    form = {field["name"]: field["value"] for field in redirect.get("form", [])}
    return Asked(number, redirect["url"], form if redirect["method"] == "POST" else None)


def payment_statuses(caller: Caller, invoice_id: str) -> list[str]:
    return [payment["status"] for payment in payments_of(caller, invoice_id)]


def payments_of(caller: Caller, invoice_id: str) -> list[dict]:
    return (caller.read(f"/invoices/inv_{invoice_id}/payments") or {"data": []})["data"]


def capture(caller: Caller, path: str, key: str, part: int | None) -> None:
    order(caller, f"{path}/captures", {} if part is None else {"amount": money(part)}, f"{key}-capture")


def cancel(caller: Caller, path: str, key: str) -> None:
    order(caller, f"{path}/cancellations", {}, f"{key}-cancel")


def order(caller: Caller, path: str, body: dict, key: str) -> None:
    """One who came second is told that the payment has moved on; a repeat is not, it has its key."""
    body = {"reason": "as agreed", **body}
    answer = send(caller, path, body, key)
    note(caller, path, body, key, answer)
    if answer.status_code != 202 and code_of(answer) not in MOVED_ON:
        caller.refused("POST", path, answer)


def refund(caller: Caller, path: str, key: str, part: int, *, twice: bool) -> str | None:
    place = path.rpartition("_")[2]
    body = {"amount": money(part)}
    said = create(caller, f"{path}/refunds", body, key, place, twice=twice, refusals=REFUND_REFUSALS)
    return said and own(said)


def subscribe(caller: Caller, shop: str, url: str, event_types: list[str]) -> str:
    """An endpoint; what its signatures are verified with."""
    body = {"url": url, "shopId": f"shp_{shop}", "eventTypes": event_types}
    return send(caller, "/webhookEndpoints", body, url).json()["secrets"][0]["secret"]


# ------------------------------------------------------------------------------------------------ requests with keys


def create(
    caller: Caller, path: str, body: dict, key: str, place: str, *, twice: bool, refusals: tuple = ()
) -> dict | None:
    """A new object; None when it was refused. `refusals`: codes that are no surprise.

    One who asks once takes another key where v3 said that surely nothing was done; one who asks twice at once does not.
    """
    for attempt in itertools.count():
        used = f"{key}.{attempt}"
        caller.journal.allow(place)
        answers = caller.side_by_side(lambda used=used: send(caller, path, body, used, is_final_no=not twice), twice)
        if not is_denial(answers[0]):
            break
        caller.journal.deny(place, used)
        caller.sleep(wait_s(answers[0]))
    made = [answer for answer in answers if answer.status_code == 201]
    note(caller, path, body, used, (made or answers)[0])
    for answer in answers:
        if answer.status_code == 201:
            caller.journal.acknowledge(caller.version, own(answer.json()), answer.json()["id"], used)
        elif code_of(answer) not in refusals:
            caller.refused("POST", path, answer)
    return made[0].json() if made else None


def note(caller: Caller, path: str, body: Any, key: str, answer: Answer) -> None:
    """How the key was decided, for whoever looks it up in the end."""
    made = answer.json()["id"] if answer.status_code < 300 else None
    caller.journal.keys[key] = KeyUse(path, body, answer.status_code, made)


def send(
    caller: Caller, path: str, body: Any, key: str, token: str | None = None, *, is_final_no: bool = False
) -> Answer:
    """The answer that decides. `is_final_no`: also a denial, where the key has met nothing but denials."""
    is_clean = is_final_no
    while True:
        more = {"Idempotency-Key": key, "Request-Deadline": f"{DEADLINE_S}s"}
        answer = caller.once("POST", path, body, token, more)
        if answer is None:
            is_clean = False
            caller.sleep(PAUSE_S)
            continue
        for complaint in complaints(key, answer):
            caller.journal.surprise(f"v3 POST {path}: {complaint} ({answer.status_code} {answer.text[:200]})")
        if is_decided(answer) or (is_clean and is_denial(answer)):
            return answer
        is_clean = is_clean and answer.status_code == 429
        if is_under_way(answer):
            look_up(caller, key)
        caller.sleep(wait_s(answer))


def look_up(caller: Caller, key: str) -> None:
    """Asks where a 202 says that the truth is told: what has begun is never unknown."""
    while (said := caller.read(f"{KEYS}/{key}")) is None:
        caller.sleep(PAUSE_S)
    if said["status"] == "unknown":
        caller.journal.surprise(f"v3: {key} was under way, and then unknown")


def complaints(key: str, answer: Answer) -> Iterator[str]:
    """What the answer owes its reader."""
    if answer.status_code >= 500 and answer.headers.get("Money-Moved") not in ("no", "unknown"):
        yield "a failure that says nothing of the money"
    if 400 <= answer.status_code < 500 and answer.json().get("moneyMoved") not in ("no", "unknown"):
        yield "a refusal that says nothing of the money"
    if (answer.status_code >= 500 or code_of(answer) == IN_USE) and "Retry-After" not in answer.headers:
        yield "no Retry-After"
    if is_under_way(answer):
        said = answer.json()
        if said["moneyMoved"] != "unknown" or said["statusUrl"] != f"/v3{KEYS}/{key}":
            yield "under way, and no word of where to ask"


def is_decided(answer: Answer) -> bool:
    return answer.status_code not in UNDECIDED and not is_under_way(answer) and code_of(answer) != IN_USE


def is_under_way(answer: Answer) -> bool:
    return answer.status_code == 202 and answer.json().get("object") == "operationUnderWay"


def is_denial(answer: Answer) -> bool:
    return answer.status_code == 503 and answer.headers.get("Money-Moved") == "no"


def code_of(answer: Answer) -> str | None:
    """Of a problem."""
    return answer.json().get("code") if 400 <= answer.status_code < 500 else None


def wait_s(answer: Answer) -> float:
    """As Retry-After says, within reason."""
    return min(float(answer.headers.get("Retry-After", PAUSE_S)), WAIT_S_MAX)


def own(said: dict) -> str:
    """The path of an object."""
    return said["links"]["self"].removeprefix("/v3")


def money(amount: int) -> dict:
    return {"amount": amount, "currency": "RUB"}
