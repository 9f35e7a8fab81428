"""The mock bank's adapter on the bench: the bank as a process, a vault of test cards, a payer with a browser."""

import html
import re
import urllib.parse
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson
import urllib3

from processing.banks.mock import cards
from processing.banks.mock_adapter.adapter import MockBankAdapter
from processing.banks.mock_adapter.connection import Connection, Keys
from processing.banks.protocol import Proxy
from rpc.protocol import domain
from tests.processing.banks.adapter_bench import Bench, Payment
from tests.processing.banks.foreign_bank import BankProcess, free_port

TOOLS = {
    "approved": "4242424242424242",
    "declined": "4000000000000002",
    "challenge": "4012888888881881",
    "lost_answer": "4000010400000056",
    "lost_request": "4000010400000031",
    "never_accepted": "4000010400000015",
    "pending": "4000010300000040",
    "garbage": "4000010400000072",
    "contradiction": "4000010400000080",
    "capture_declined": "4000010600000013",
    "refund_declined": "4000010600000039",
    "lost_capture": "4000010600000021",
    "lost_refund": "4000010600000047",
    "lost_void": "4000010600000054",
}
# number of a card -> the failure that its payment ends with
WELL_KNOWN = {
    "4000000000000002": "authorization_failed:insufficient_funds",
    "4222222222222220": "authorization_failed:account_not_found",
    "4003830171874018": "authorization_failed:payment_tool_rejected:bank_card_rejected:cvv_invalid",
    "4000000000000069": "authorization_failed:payment_tool_rejected:bank_card_rejected:card_expired",
    "4111110000000112": "authorization_failed:unknown",
    "4987654321098769": "preauthorization_failed:three_ds_failed",
    "4342561111111118": "preauthorization_failed:three_ds_not_finished",
}
EXPRESSION = re.compile(r"\{([+]?)termination_uri\}")


class CardNumber(NamedTuple):
    number: str
    exp_month: int
    exp_year: int


class TestCards:
    """A vault whose token of a card is its number behind "card-"."""

    __test__ = False

    def __init__(self) -> None:
        self.sessions: dict[str, str] = {}
        self.forgotten: set[str] = set()

    def card(self, token: str) -> CardNumber:
        return CardNumber(token.removeprefix("card-"), 12, 2030)

    def cvv(self, session_id: str, reference: str) -> str | None:
        if session_id in self.forgotten or self.sessions.setdefault(session_id, reference) != reference:
            return None
        return "123"

    def forget_cvv(self, session_id: str) -> None:
        self.sessions.pop(session_id, None)
        self.forgotten.add(session_id)


class RunningClock:
    """The machine's clock, which tests may put forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def tool(number: str) -> domain.PaymentTool:
    """A card as the platform knows it: by its token."""
    card = domain.BankCard(
        token=f"card-{number}", payment_system="visa", bin=number[:6], last_digits=number[-4:],
        exp_date=domain.ExpDate(month=12, year=2030), cardholder_name="CARD HOLDER",
    )  # fmt: skip
    return domain.PaymentTool(bank_card=card)


def adapter_at(
    url: str, bank: BankProcess, vault_cards: TestCards, clock: RunningClock, timeout_ms: int = 1_000
) -> MockBankAdapter:
    keys = Keys(bank.state / "secrets" / "mock_bank.key")
    connection = Connection(url, keys, timeout_ms, clock)
    return MockBankAdapter(connection, vault_cards, "http://vault.test/callbacks/mock", clock)


def bench_of(bank_process: BankProcess, vault_cards: TestCards, clock: RunningClock) -> Bench:
    def books(reference: str) -> dict:
        return bank_process.call("GET", f"/books?reference={reference}").json()

    def in_books(reference: str, name: str) -> int:
        return sum(row[name] for row in books(reference)["authorisations"])

    def pass_seconds(seconds: int) -> None:
        clock.ahead += timedelta(seconds=seconds)

    return Bench(
        proxy=Proxy("mock", adapter_at(bank_process.url, bank_process, vault_cards, clock)),
        unreachable=Proxy("mock", adapter_at(f"http://127.0.0.1:{free_port()}", bank_process, vault_cards, clock)),
        tools={name: tool(number) for name, number in TOOLS.items()},
        card_numbers=[card.number for card in cards.TABLE],
        taken=lambda reference: in_books(reference, "taken") - in_books(reference, "returned"),
        held=lambda reference: in_books(reference, "held"),
        requests=lambda reference: books(reference)["requests"].get(reference, 0),
        answer_challenge=answer_challenge,
        clock=clock,
        pass_seconds=pass_seconds,
        cvvs_kept=lambda: len(vault_cards.sessions),
    )


def paying(bench: Bench, number: str, **more: object) -> Payment:
    bench.tools[number] = tool(number)
    return Payment(bench, number, **more)


def answer_challenge(interaction: domain.UserInteraction, passes: bool, home: str = "") -> bytes:
    """What `callbacks.py` packs of the payer's return, after the payer pressed a button of the bank's page."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(walk_through(interaction, passes, home)).query)
    said = {name: query.get(name, [None])[0] for name in ("creq", "cres", "sessionData")}
    return orjson.dumps({"kind": "return", **said})


def walk_through(interaction: domain.UserInteraction, passes: bool, home: str) -> str:
    """Plays the payer's browser; returns the address to which the bank sends it. `home`: the termination_uri."""
    request = interaction.redirect
    if request.get_request is not None:
        page = urllib3.request("GET", expanded(request.get_request.uri_template, home))
        base = request.get_request.uri_template
    else:
        form = {field.key: expanded(field.template, home) for field in request.post_request.form}
        base = request.post_request.uri_template
        page = urllib3.request("POST", base, body=urllib.parse.urlencode(form))
    assert page.status == 200
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.data.decode()))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    pressed = urllib.parse.urlencode({**fields, "answer": "approve" if passes else "fail"})
    answered = urllib3.request("POST", urllib.parse.urljoin(base, "/acs/answer"), body=pressed, redirect=False)
    assert answered.status == 303
    return answered.headers["location"]


def expanded(template: str, home: str) -> str:
    """RFC 6570 with one variable: `{x}` is percent-encoded, `{+x}` is not."""
    return EXPRESSION.sub(lambda found: home if found[1] else urllib.parse.quote(home, safe=""), template)
