"""The hunt from beginning to end: a system behind taps, cards in, everything it wrote searched."""

import contextlib
import itertools
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

from campaigns import wire
from campaigns.card_hunt import report
from campaigns.card_hunt.filtering import lines
from campaigns.card_hunt.numbers import cvv_of, numbers
from campaigns.card_hunt.pushing import Cards, Pushed, Pusher
from campaigns.card_hunt.searching import Finder
from campaigns.card_hunt.watching import Receiver, Tap, files, metrics, tables
from campaigns.ground import Ground, ground
from tests.end_to_end.merchant import CHALLENGE, VISA, Api
from tests.end_to_end.running import ROOT, free_ports

SENDERS = 3
TOKENISED_SHARE = 0.03
PAYMENTS_MAX = 40
FILTERED_AT_A_TIME = 5000
TRACES_SHOWN = 5
SETTLE_S = 3.0
Say = Callable[[str], object]
# What travels between our processes as the caller wrote it: the request's name and trace, and the ids that it asks for.
TRAVELLING = ("header X-Request-ID", "header traceparent", "path ", "query ")


def hunt(count: int, seed: int, say: Say = lambda text: None) -> tuple[str, int]:
    """The tables and the number of hits."""
    dice, pushed = Random(seed), Pushed()  # noqa: S311 - repeatable, not secret
    cards = Cards(numbers(dice), count, pushed)
    processing, vault = free_ports(2)
    environment = {
        "CAPI_PROCESSING_URL": f"http://127.0.0.1:{processing}",
        "CAPI_VAULT_URL": f"http://127.0.0.1:{vault}",
        "CAPI_LOGGING_LEVEL": "debug",
    }
    with contextlib.ExitStack() as opened:
        taps: list[Tap] = []

        def tap(ports: dict[str, str]) -> None:
            taps.extend((
                Tap(processing, int(ports["CAPI_PROCESSING_PORT"])), Tap(vault, int(ports["CAPI_VAULT_PORT"]))
            ))  # fmt: skip

        place = opened.enter_context(ground(tap, **environment))
        receiver, answers = Receiver(), []
        began = time.monotonic()
        pay(place, cards, receiver, dice)
        push(place, cards, answers, dice, say)
        say(f"{cards.given:,} cards sent in {time.monotonic() - began:.0f} s")
        time.sleep(SETTLE_S)
        seen = {"traces as `capi trace` shows them": traces(place), "metrics and probes": metrics(place.system)}
        status = place.system.stop()
        say(f"the system ended with status {status}; searching")
        sinks = search(place, pushed, taps, receiver, answers, seen)
        filtered, line_count = through_the_filter(pushed, dice)
        sinks.append(filtered)
        for each in taps:
            each.close()
    return report.text(pushed, sinks, line_count), sum(sink.total for sink in sinks)


def pay(place: Ground, cards: Cards, receiver: Receiver, dice: Random) -> None:
    """Real payments with known and generated cards, webhooks of them, and tokens of cards that are never paid with."""
    api = place.api
    scope = {"topic": "InvoicesTopic", "shopID": api.shop_id, "eventTypes": EVENTS}
    hook = api.call("POST", "/processing/webhooks", {"url": receiver.url, "scope": scope})
    assert hook.status_code == 201, hook.text
    made = api.invoice()
    payer = made["invoiceAccessToken"]["payload"]
    for number in (VISA, CHALLENGE):
        cards.pushed.place_of[number] = "card paid with"
    paid = min(PAYMENTS_MAX, max(cards.count // 500, 3))
    for number in [VISA, CHALLENGE, *(fit(cards, "card paid with") for _ in range(paid))]:
        until = ("captured", "failed", "pending") if number == CHALLENGE else ("captured", "failed", "cancelled")
        invoice = api.invoice(100 + dice.randrange(10_000))
        payment = api.pay(invoice, number, until=until)
        if payment["status"] == "captured":
            api.act(invoice, payment["id"], "refunds", amount=10, currency="RUB", reason="a part of it")
    line = wire.Line(place.port("GATEWAY_V2_TOKENS"))
    for _ in range(int(cards.count * TOKENISED_SHARE)):
        number = cards.number("card tokenised")
        body = TOKENISE % (number, cvv_of(number, dice))
        head = [("Authorization", f"Bearer {payer}"), ("X-Request-ID", secrets.token_hex(8)), JSON]
        answer = line.ask(wire.request("POST", "/v2/processing/payment-resources", head, body.encode()))
        cards.pushed.statuses[answer.status] += 1
        cards.pushed.requests["tokenised"] += 1


JSON = ("Content-Type", "application/json; charset=utf-8")
EVENTS = ["InvoiceCreated", "InvoicePaid", "PaymentStarted", "PaymentProcessed", "PaymentCaptured", "PaymentFailed"]
TOKENISE = (
    '{"paymentTool": {"paymentToolType": "CardData", "cardNumber": "%s", "expDate": "12/30", "cvv": "%s",'
    ' "cardHolder": "A HOLDER"}, "clientInfo": {"fingerprint": "hunt"}}'
)


def fit(cards: Cards, place: str) -> str:
    """A card that the demo shop takes."""
    return next(number for number in iter(lambda: cards.number(place), None) if number[0] in "45" and len(number) == 16)


def push(place: Ground, cards: Cards, answers: list[bytes], dice: Random, say: Say) -> None:
    """Sends until every card was sent; several senders, each with its own connections."""
    pusher = Pusher(cards, things(place), tokens(place), dice)
    waiting: queue.Queue = queue.Queue(SENDERS * 4)
    counted = threading.Lock()

    def send() -> None:
        lines = {name: wire.Line(place.port(name)) for name in ("GATEWAY_V2", "GATEWAY_V2_TOKENS")}
        while (item := waiting.get()) is not None:
            way, port, data = item
            answer = lines[port].ask(data)
            with counted:
                cards.pushed.requests[way] += 1
                cards.pushed.statuses[answer.status] += 1
                answers.append(answer.headers + b"\n" + answer.body)

    senders = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    said = cards.given
    for item in until_sent(pusher, cards):
        waiting.put(item)
        if cards.given - said >= 10_000:
            said = cards.given
            say(f"{said:,} of {cards.count:,} cards")
    for _ in senders:
        waiting.put(None)
    for sender in senders:
        sender.join()


def until_sent(pusher: Pusher, cards: Cards) -> Iterator[tuple[str, str, bytes]]:
    """Requests as long as cards are left."""
    return itertools.takewhile(lambda _: cards.left() > 0, pusher.requests())


def tokens(place: Ground) -> dict[str, str]:
    """Of the merchant, and of somebody who pays."""
    return {"merchant": place.api.token, "payer": place.api.invoice()["invoiceAccessToken"]["payload"]}


def things(place: Ground) -> dict[str, str]:
    """Ids of things that exist, by the spec's names."""
    api = place.api
    made = api.invoice(1_000_000)
    payment = api.pay(made)
    refund = api.act(made, payment["id"], "refunds", amount=10, currency="RUB").json()
    return {
        "invoiceID": made["invoice"]["id"], "paymentID": payment["id"], "refundID": refund["id"], "shopID": api.shop_id,
        "invoiceTemplateID": template(api)["id"], "partyID": "demo", "categoryID": "1", "countryID": "DEU",
        "tradeBlocID": "EEA",
        "fromTime": "2026-01-01T00:00:00Z", "toTime": "2036-01-01T00:00:00Z", "limit": "10",
    }  # fmt: skip


def template(api: Api) -> dict:
    """A template of one line at any price."""
    price = {"costType": "InvoiceTemplateLineCostUnlim"}
    body = {
        "shopID": api.shop_id,
        "lifetime": {"days": 1, "months": 0, "years": 0},
        "details": {"templateType": "InvoiceTemplateSingleLine", "product": "A thing", "price": price},
    }
    answer = api.call("POST", "/processing/invoice-templates", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["invoiceTemplate"]


def traces(place: Ground) -> bytes:
    """What an operator is shown who follows some requests."""
    shown = []
    for _ in range(TRACES_SHOWN):
        name = secrets.token_hex(8)
        head = [("Authorization", f"Bearer {place.api.token}"), ("X-Request-ID", name)]
        wire.Line(place.port("GATEWAY_V2")).ask(wire.request("GET", "/v2/processing/invoices/none", head))
        command = [sys.executable, "-m", "console.main", "trace", name]
        done = subprocess.run(command, cwd=ROOT, env=place.system.environment, capture_output=True, check=False)  # noqa: S603
        shown.append(done.stdout + done.stderr)
    return b"\n".join(shown)


def search(
    place: Ground, pushed: Pushed, taps: list[Tap], receiver: Receiver, answers: list[bytes], seen: dict[str, bytes]
) -> list[report.Sink]:
    """Every sink, searched. Files are searched after the system has ended."""
    finder, sinks = Finder(pushed.place_of), {}
    stored = frozenset(pushed.kept)
    asked = frozenset(place for place in pushed.place_of.values() if place.startswith(TRAVELLING))

    def look(name: str, data: bytes, allowed: frozenset[str] = frozenset()) -> None:
        sink = sinks.setdefault(name, report.Sink(name))
        sink.search(data, finder, pushed, allowed)

    for kind, path in files(place.system.state):
        look(kind, path.read_bytes(), stored if kind.startswith("files of processing") else frozenset())
    for table, values in tables(place.system.state / "data" / "processing.sqlite"):
        look(f"table {table}", values, stored)
    look("output of the supervisor", "".join(place.system.output).encode())
    look("calls to processing", taps[0].captured(), stored | asked)
    look("calls to banks' adapters", taps[1].captured(), asked)
    look("webhooks", receiver.captured(), stored | asked)
    look("answers of the API", b"\n".join(answers), stored | asked)
    for name, data in seen.items():
        look(name, data)
    return list(sinks.values())


def through_the_filter(pushed: Pushed, dice: Random) -> tuple[report.Sink, int]:
    """The log filter alone, on every card."""
    sink, finder, count = report.Sink("log filter, every card"), Finder(pushed.place_of), 0
    every = list(pushed.place_of)
    for start in range(0, len(every), FILTERED_AT_A_TIME):
        written, written_count = lines(every[start : start + FILTERED_AT_A_TIME], dice, 2)
        sink.search(written, finder, pushed, frozenset())
        count += written_count
    return sink, count
