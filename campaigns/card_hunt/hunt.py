"""The hunt from beginning to end: a system behind taps, cards in, everything it wrote searched."""

import contextlib
import itertools
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from campaigns import wire
from campaigns.agreement.speaking import Client, InvoiceWish, wait_for
from campaigns.card_hunt import report
from campaigns.card_hunt.cards import Cards, Place, Pushed
from campaigns.card_hunt.filtering import lines
from campaigns.card_hunt.numbers import cvv_of, numbers
from campaigns.card_hunt.pushing import Pusher, Request, rounds
from campaigns.card_hunt.searching import Finder
from campaigns.card_hunt.watching import Receiver, Tap, files, metrics, tables
from campaigns.ground import Ground, ground
from campaigns.versions.asking import Asker, client_of
from campaigns.versions.holdings import Holdings, holdings
from campaigns.versions.table import Version, versions_of
from tests.end_to_end.merchant import CHALLENGE, VISA
from tests.end_to_end.running import ROOT, free_ports

SENDERS = 3
TOKENISED_SHARE = 0.03
PAYMENTS_MAX = 40
FILTERED_AT_A_TIME = 5000
TRACES_SHOWN = 5
SETTLE_S = 3.0
UNLIMITED = {f"CAPI_GATEWAY_{kind}_PER_S_MAX": "0" for kind in ("READS", "WRITES", "MONEY_REQUESTS", "SEARCHES")}
"""What is refused for coming too fast would prove nothing."""
PAID_ENDS = ("captured", "failed", "cancelled")
Say = Callable[[str], object]
# What travels between our processes as the caller wrote it: the request's name and trace, and the ids that it asks for.
TRAVELLING_HEADERS = ("X-Request-ID", "traceparent")
TRAVELLING_KINDS = ("path", "query")
# Where a merchant wants webhooks: the platform decides whether it takes the address.
TRAVELLING_MEMBERS = ("url",)
# The caller's own names for things: kept as long as the things are.
KEPT_HEADERS = ("Idempotency-Key",)


def hunt(count: int, seed: int, say: Say = lambda text: None) -> tuple[str, int]:
    """The tables and the number of hits."""
    dice, pushed = Random(seed), Pushed()  # noqa: S311 - repeatable, not secret
    cards = Cards(numbers(dice), count, pushed)
    processing, vault = free_ports(2)
    environment = {
        "CAPI_PROCESSING_URL": f"http://127.0.0.1:{processing}",
        "CAPI_VAULT_URL": f"http://127.0.0.1:{vault}",
        "CAPI_LOGGING_LEVEL": "debug",
        **UNLIMITED,
    }
    with contextlib.ExitStack() as opened:
        taps: list[Tap] = []

        def tap(ports: dict[str, str]) -> None:
            taps.extend((
                Tap(processing, int(ports["CAPI_PROCESSING_PORT"])), Tap(vault, int(ports["CAPI_VAULT_PORT"]))
            ))  # fmt: skip

        place = opened.enter_context(ground(tap, **environment))
        versions = versions_of(place.settings)
        receiver, answers = Receiver(), []
        began = time.monotonic()
        owner = holdings(place, versions, place.api, "demo")
        pay(place, versions, owner, cards, receiver, dice)
        push(place, versions, owner, cards, answers, dice, say)
        say(f"{cards.given:,} cards sent in {time.monotonic() - began:.0f} s")
        time.sleep(SETTLE_S)
        answers.append(read_back(place, versions, owner))
        seen = {"traces as `capi trace` shows them": traces(place), "metrics and probes": metrics(place.system)}
        status = place.system.stop()
        say(f"the system ended with status {status}; searching")
        sinks = search(place, pushed, taps, receiver, answers, seen)
        filtered, line_count = through_the_filter(pushed, dice)
        sinks.append(filtered)
        for each in taps:
            each.close()
    return report.text(pushed, sinks, line_count), sum(sink.total for sink in sinks)


def pay(
    place: Ground, versions: Sequence[Version], owner: Holdings, cards: Cards, receiver: Receiver, dice: Random
) -> None:
    """Real payments with known and generated cards through every version in turn, webhooks of every kind, and tokens
    of cards that are never paid with.
    """
    token, shop = place.api.token, place.api.shop_id
    askers = {version.name: Asker(version, place.port) for version in versions}
    for version in versions:
        hook = askers[version.name].ask(version.row.create_hook, token, body=version.row.hook(receiver.url, shop))
        assert hook.status == 201, hook.body
    cards.pushed.place_of |= {number: Place(versions[0].name, "card", "paid with") for number in (VISA, CHALLENGE)}
    takes_turns = itertools.cycle(versions)
    paid = min(PAYMENTS_MAX, max(cards.count // 500, len(versions)))
    for number in (VISA, CHALLENGE, *itertools.repeat(None, paid)):
        version = next(takes_turns)
        pay_once(version, client_of(version, place.port, token, shop), cards, number, dice)
    for version, _ in zip(takes_turns, range(int(cards.count * TOKENISED_SHARE)), strict=False):
        number = cards.number(Place(version.name, "card", "tokenised"), version.row.create_card)
        body = version.row.card(number, cvv_of(number, dice))
        answer = askers[version.name].ask(version.row.create_card, owner.invoice_token, body=body)
        cards.pushed.count(version.name, "tokenised", answer.status)


def pay_once(version: Version, client: Client, cards: Cards, number: str | None, dice: Random) -> None:
    """An invoice whose texts hold cards, paid with a card, and given back in part. `number`: None for a new card."""
    words, is_challenged = version.words, number == CHALLENGE

    def text(name: str) -> str:
        place = Place(version.name, "body", name)
        cards.pushed.kept.add(place)
        return cards.text(place, "createInvoice")[:100]

    wish = InvoiceWish(
        100 + dice.randrange(10_000), "RUB", text("product"), datetime.now(UTC) + timedelta(days=1),
        description=text("description"), metadata={text("metadata.key"): {"deep": [text("metadata.value")]}},
    )  # fmt: skip
    made = words.make_invoice(client, wish)
    payment = words.pay(client, made, number or fit(cards, Place(version.name, "card", "paid with")), None)
    ends = ("captured", "failed", "pending") if is_challenged else PAID_ENDS
    facts = wait_for(lambda: words.read_payment(client, made.id, payment), lambda facts: facts["status"] in ends)
    if facts["status"] == "captured":
        words.refund(client, made.id, payment, 10, "RUB", "a part of it")
    cards.pushed.count(version.name, "paid", 201)


def fit(cards: Cards, place: Place) -> str:
    """A card that the demo shop takes."""
    given = iter(lambda: cards.number(place), None)
    return next(number for number in given if number[0] in "45" and len(number) == 16)


def push(
    place: Ground,
    versions: Sequence[Version],
    owner: Holdings,
    cards: Cards,
    answers: list[bytes],
    dice: Random,
    say: Say,
) -> None:
    """Sends until every card was sent; several senders, each with its own connections."""
    tokens = {"merchant": place.api.token, "payer": place.api.invoice()["invoiceAccessToken"]["payload"]}
    pushers = [Pusher(version, cards, owner.ids(version), tokens, dice) for version in versions]
    waiting: queue.Queue[Request | None] = queue.Queue(SENDERS * 4)
    counted = threading.Lock()

    def send() -> None:
        ports = [name for version in versions for name in (version.gateway, version.tokens_gateway)]
        kept = {name: wire.Line(place.port(name)) for name in ports}
        while (item := waiting.get()) is not None:
            answer = kept[item.port].ask(item.data)
            with counted:
                cards.pushed.count(item.version, item.way, answer.status)
                answers.append(answer.headers + b"\n" + answer.body)

    senders = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    said = cards.given
    for item in itertools.takewhile(lambda _: cards.left() > 0, rounds(pushers, dice)):
        waiting.put(item)
        if cards.given - said >= 10_000:
            said = cards.given
            say(f"{said:,} of {cards.count:,} cards")
    for _ in senders:
        waiting.put(None)
    for sender in senders:
        sender.join()


def read_back(place: Ground, versions: Sequence[Version], owner: Holdings) -> bytes:
    """What every read of every version says afterwards: objects, lists, searches, feeds, deliveries."""
    said = []
    for version in versions:
        asker = Asker(version, place.port)
        for operation in version.published.operations:
            if operation.method == "GET":
                query = {one.name: version.row.fixed.get(one.name) for one in operation.in_query}
                answer = asker.ask(operation, place.api.token, owner.ids(version), query=query)
                said.append(answer.headers + b"\n" + answer.body)
    return b"\n".join(said)


def traces(place: Ground) -> bytes:
    """What an operator is shown who follows some requests."""
    shown = []
    versions = itertools.cycle(versions_of(place.settings))
    for version, _ in zip(versions, range(TRACES_SHOWN), strict=False):
        name = secrets.token_hex(8)
        Asker(version, place.port).ask(version.row.me, place.api.token, headers={"X-Request-ID": name})
        command = [sys.executable, "-m", "console.main", "trace", name]
        done = subprocess.run(command, cwd=ROOT, env=place.system.environment, capture_output=True, check=False)  # noqa: S603
        shown.append(done.stdout + done.stderr)
    return b"\n".join(shown)


def search(
    place: Ground, pushed: Pushed, taps: list[Tap], receiver: Receiver, answers: list[bytes], seen: dict[str, bytes]
) -> list[report.Sink]:
    """Every sink, searched. Files are searched after the system has ended."""
    finder, sinks = Finder(pushed.place_of), {}
    every = frozenset(pushed.place_of.values())
    stored = frozenset(pushed.kept) | {one for one in every if one.kind == "header" and one.name in KEPT_HEADERS}
    id_names = {name for version in versions_of(place.settings) for name in version.row.ids}
    asked = frozenset(one for one in every if is_travelling(one, id_names))

    def look(name: str, data: bytes, allowed: frozenset[Place] = frozenset()) -> None:
        sink = sinks.setdefault(name, report.Sink(name))
        sink.search(data, finder, pushed, allowed)

    for kind, path in files(place.system.state):
        look(kind, path.read_bytes(), stored if kind.startswith("files of processing") else frozenset())
    for table, values in tables(place.system.state / "data" / "processing.sqlite"):
        look(f"table {table}", values, stored)
    look("output of the supervisor", "".join(place.system.output).encode())
    look("calls to processing", taps[0].captured(), stored | asked)
    # A bank is told what was sold.
    look("calls to banks' adapters", taps[1].captured(), stored | asked)
    look("webhooks", receiver.captured(), stored | asked)
    look("answers of the API", b"\n".join(answers), stored | asked)
    for name, data in seen.items():
        look(name, data)
    return list(sinks.values())


def is_travelling(place: Place, id_names: Collection[str]) -> bool:
    """Whether what is written there goes to the platform as it is, and back in answers."""
    if place.kind == "header":
        return place.name in TRAVELLING_HEADERS
    is_asked_for = place.kind == "body" and place.name.rpartition(".")[2] in {*id_names, *TRAVELLING_MEMBERS}
    return is_asked_for or place.kind in TRAVELLING_KINDS


def through_the_filter(pushed: Pushed, dice: Random) -> tuple[report.Sink, int]:
    """The log filter alone, on every card."""
    sink, finder, count = report.Sink("log filter, every card"), Finder(pushed.place_of), 0
    every = list(pushed.place_of)
    for start in range(0, len(every), FILTERED_AT_A_TIME):
        written, written_count = lines(every[start : start + FILTERED_AT_A_TIME], dice, 2)
        sink.search(written, finder, pushed, frozenset())
        count += written_count
    return sink, count
