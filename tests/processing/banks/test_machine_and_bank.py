"""A machine, its bank's adapter and the bank, all real, in one thread and with a clock of its own: on bad days too.

Requests get lost on their way and answers on theirs, the platform dies in the middle of calls, payers come back late or
never, the bank calls twice. When all is over the bank has taken what the ledger says, and holds nothing.
"""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.banks.mock.books import Authorisation
from processing.banks.mock_adapter import callbacks
from processing.banks.mock_adapter.adapter import MockBankAdapter
from processing.banks.mock_adapter.connection import Reply
from processing.banks.protocol import Proxy
from processing.domain import commands, errors, invoice
from processing.domain.session import CALL_PATIENCE
from processing.domain.state import Payment
from processing.domain.steps import RunSession
from processing.effects import session_owner, suspended_under
from processing.machine import due
from processing.services.wire.adapter import payment_context, result_to_domain, statement_to_domain
from rpc.context import Context
from rpc.failures import Unavailable, Unknown
from tests.processing.banks.foreign_bank import MERCHANT, BankInMemory
from tests.processing.banks.mock_bench import TestCards
from tests.processing.domain import shop, world
from tests.processing.domain.world import HOLD_OR_CANCEL, HOLD_OR_CAPTURE, INSTANT, START, Story, replace

CARDS = (
    *["4242424242424242"] * 4,
    *["4012888888881881"] * 2,
    "4000000000000002", "4342561111111118", "4000010200000041", "4000010300000032", "4000010300000040",
    "4000010300000057", "4000010400000015", "4000010400000023", "4000010400000031", "4000010400000049",
    "4000010400000056", "4000010400000064", "4000010500000014", "4000010500000022", "4000010500000048",
    "4000010600000013", "4000010600000021", "4000010600000039", "4000010600000047", "4000010600000054",
)  # fmt: skip
TERMINAL = replace(shop.CATALOGUE.terminals["t1"], options={"merchant": MERCHANT})
FACTS = replace(shop.FACTS, catalogue=replace(shop.CATALOGUE, terminals={"t1": TERMINAL}))
LOSSES, DEATHS = 0.15, 0.05
ROUNDS = 40
SETTLING_ROUNDS = 400


def failed(ids: dict[str, Any], failure: Unavailable | Unknown) -> commands.SessionCallFailed:
    return commands.SessionCallFailed(**ids, is_unknown=isinstance(failure, Unknown), reason=failure.reason)


class BadLine:
    """The adapter's connection to the bank. A share of the requests, or of the answers, gets lost."""

    def __init__(self, bank: BankInMemory, chance: random.Random) -> None:
        self._bank = bank
        self._chance = chance
        self.loss = LOSSES

    def post(self, context: Context, operation: str, path: str, body: dict[str, Any]) -> Reply:
        return self._call("POST", path, body)

    def get(self, context: Context, operation: str, path: str) -> Reply:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        if self._chance.random() < self.loss:
            raise self._chance.choice([Unavailable("no connection"), Unknown("lost on its way")])
        answer = self._bank.call(method, path, body)
        if answer.dropped or answer.status >= 500 or self._chance.random() < self.loss:
            raise Unknown("no answer")
        return Reply(answer.status, answer.body)


class Day:
    """One invoice and its bank. `chance` decides what goes wrong."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.bank = BankInMemory()
        self.line = BadLine(self.bank, chance)
        adapter = MockBankAdapter(self.line, TestCards(), "http://vault.test/callbacks/mock", self.bank.clock)
        self.proxy = Proxy("mock", adapter)
        self.story = Story(world.create_invoice(due=START + timedelta(days=30)))

    # ------------------------------------------------------------------ time

    def pass_seconds(self, seconds: float) -> None:
        self.story.now += timedelta(seconds=seconds)
        self.bank.let_pass(int(seconds * 1000))
        self.story.when(commands.TimerFired())

    def wake(self, within_s: float) -> None:
        """Time passes until the machine wants something, but no longer than that."""
        moment = due(invoice.next_step(self.story.state, self.story.now), self.story.now)
        wanted_s = (moment - self.story.now).total_seconds() if moment else within_s
        self.pass_seconds(min(max(wanted_s, 0), within_s))

    # ------------------------------------------------------------------ calls

    def call(self) -> None:
        """The adapter is called, if the machine wants it; sometimes the platform dies before it has the answer."""
        if not isinstance(invoice.next_step(self.story.state, self.story.now), RunSession):
            return
        step = self.story.begins_call()
        outcome = self.outcome(step)
        if self.line.loss and self.chance.random() < DEATHS:
            self.pass_seconds(CALL_PATIENCE.total_seconds())
        else:
            self.story.when(outcome)

    def outcome(self, step: RunSession) -> commands.Command:
        """What came of a call, as `effects` says it."""
        context = payment_context(self.story.state, *session_owner(self.story.state, step.payment_id, step.refund_id))
        ids = {"payment_id": step.payment_id, "refund_id": step.refund_id, "attempt": step.attempt}
        try:
            result = self.proxy.ProcessPayment(Context.root(), context)
        except (Unavailable, Unknown) as failure:
            return failed(ids, failure)
        return commands.SessionAnswered(**ids, result=result_to_domain(result))

    def call_back(self, tag: str, said: dict[str, Any]) -> bool:
        """Somebody comes back under the tag; False when nobody waits there."""
        try:
            self.story.when(commands.BeginCallback(tag=tag))
        except (errors.SessionNotFound, errors.SessionBusy):
            return False
        payment, refund = suspended_under(self.story.state, tag)
        attempt, context = payment.session.attempt, payment_context(self.story.state, payment, refund)
        try:
            answer = self.proxy.HandlePaymentCallback(Context.root(), orjson.dumps(said), context)
        except (Unavailable, Unknown) as failure:
            self.story.when(failed({"payment_id": payment.id, "attempt": attempt}, failure))
            return True
        result = answer.result and result_to_domain(answer.result)
        self.story.when(commands.CallbackAnswered(tag=tag, attempt=attempt, result=result))
        return True

    def payer(self) -> None:
        """The payer goes through the bank's page and back to us, from the newest challenge."""
        waiting = [row for row in self.authorisations() if row.state == "WAITING" and row.creq]
        if not waiting:
            return
        word = self.chance.choice(["approve", "approve", "fail"])
        landed = self.bank.post_form("/acs/answer", creq=waiting[-1].creq, answer=word).headers.get("location")
        if landed:
            address = urlsplit(landed)
            said = {"kind": "return", **dict(parse_qsl(address.query))}
            self.call_back(address.path.rsplit("/", 1)[1], said)

    def bank_calls(self) -> None:
        """The bank's notices arrive, each as often as it was sent."""
        while self.bank.told:
            notice = self.bank.told.pop(0).json
            statement = callbacks.statement(notice)
            packed = {"kind": "notice", "result": notice["result"]}
            if not self.call_back(f"mock.notice.{statement.reference}", packed):
                self.story.when(statement_to_domain(statement))

    # ------------------------------------------------------------------ what the merchant does

    def asks(self) -> commands.Command:
        number = self.chance.choice("123")
        card = replace(world.CARD, token=f"card-{self.chance.choice(CARDS)}")
        payer = replace(world.PAYER, payment_tool=card, payment_session_id=f"session-{number}")
        flow = self.chance.choice([INSTANT, INSTANT, HOLD_OR_CANCEL, HOLD_OR_CAPTURE])
        deadline = self.story.now + timedelta(seconds=self.chance.choice([3, 60, 1800]))
        amount = self.chance.choice([None, 1, 3_000, 10_000])
        refund_id = self.chance.choice(["r1", "r2", "r3"])
        start = world.start_payment(number, payer=payer, flow=flow, processing_deadline=deadline, facts=FACTS)
        return self.chance.choice(
            [
                *[start] * 3,
                world.capture(amount, payment_id=number),
                world.cancel(payment_id=number),
                *[world.refund(amount, refund_id, payment_id=number, facts=FACTS)] * 3,
            ]
        )

    # ------------------------------------------------------------------ the day

    def live(self) -> None:
        for _ in range(ROUNDS):
            try:
                self.happen()
            except errors.DomainError:
                continue
            if self.story.state.stop is not None:
                return

    def happen(self) -> None:
        match self.chance.choice(["ask"] * 4 + ["call"] * 8 + ["payer"] * 2 + ["bank"] * 2 + ["wait"] * 3):
            case "ask":
                self.story.when(self.asks())
            case "call":
                self.wake(within_s=5)
                self.call()
            case "payer":
                self.payer()
            case "bank":
                self.bank_calls()
            case "wait":
                self.pass_seconds(self.chance.choice([0.3, 1, 5, 61]))

    def settle(self) -> None:
        """Nothing goes wrong any more; everything that is due is done."""
        self.line.loss = 0
        for _ in range(SETTLING_ROUNDS):
            self.bank_calls()
            is_quiet = self.story.state.stop is not None or invoice.activity(self.story.state) is None
            if is_quiet and self.bank.bank.books.next_due_at() is None:
                return
            self.wake(within_s=60 if is_quiet else 86400)
            self.call()
        raise AssertionError(f"it does not come to an end: {invoice.activity(self.story.state)}")

    # ------------------------------------------------------------------ what the bank has

    def authorisations(self) -> list[Authorisation]:
        return self.bank.bank.books.listing(Authorisation, 100, None)

    def at_the_bank(self, payment: Payment) -> tuple[int, int]:
        """(held, taken and not given back) of a payment."""
        rows = [row for row in self.authorisations() if row.reference == f"{payment.invoice_id}.{payment.id}"]
        return sum(row.held for row in rows), sum(row.taken - row.returned for row in rows)


def in_our_books(payment: Payment) -> int:
    """What was captured of a payment and not given back."""
    if payment.captured_cost is None:
        return 0
    back = sum(refund.cash.amount for refund in payment.refunds if refund.status == "succeeded")
    return payment.captured_cost.amount - back


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_when_all_is_over_the_bank_has_what_the_ledger_says_and_holds_nothing(seed):
    day = Day(random.Random(seed))
    day.live()
    day.settle()
    assert day.story.state.stop is None, day.story.state.stop
    for payment in day.story.state.payments:
        assert day.at_the_bank(payment) == (0, in_our_books(payment)), payment.id
