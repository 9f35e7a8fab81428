"""A payer, a bank and a story: commands are given to one machine, whose money is kept in a ledger on paper.

After every command the story checks what must always hold: events survive storage, replay gives the same state, a
ledger plan is held, committed or rolled back only as it may be, and sums are 0.
"""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace as replace

from processing.domain import bank, commands, events, failure, invoice, snapshot
from processing.domain.cart import CartLine, InvoiceDetails
from processing.domain.errors import DomainError
from processing.domain.ledger_moves import ledger_moves
from processing.domain.lifecycles import unknown_steps
from processing.domain.money import Cash
from processing.domain.payer import ContactInfo, HoldFlow, InstantFlow, PaymentResourcePayer
from processing.domain.payment_tool import BankCard
from processing.domain.state import payment_of, session_of
from processing.domain.statuses import OnHoldExpiration, TimeoutBehaviour
from processing.domain.steps import RunSession, WakeAt
from processing.domain.values import Content
from tests.processing.domain.paper_ledger import PaperLedger, check_money, unseen_changes
from tests.processing.domain.shop import FACTS, rub

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DUE = START + timedelta(days=2)

CARD = BankCard(token="c1", payment_system="visa", bin="424242", last_digits="4242", is_cvv_empty=False)
PAYER = PaymentResourcePayer(payment_tool=CARD, contact_info=ContactInfo(email="payer@example.com"))
TRANSACTION = bank.TransactionInfo(id="trx-1", rrn="123456789012")

INSTANT = InstantFlow()
HOLD_OR_CANCEL = HoldFlow(on_hold_expiration=OnHoldExpiration.CANCEL)
HOLD_OR_CAPTURE = HoldFlow(on_hold_expiration=OnHoldExpiration.CAPTURE)

CART = (
    CartLine(product="tea", quantity=2, price=rub(3_000)),
    CartLine(product="cup", quantity=1, price=rub(4_000)),
)


# what is asked


def create_invoice(**fields) -> commands.CreateInvoice:
    given = {
        "id": "inv",
        "owner_id": "party",
        "shop_id": "shop",
        "details": InvoiceDetails(product="tea"),
        "currency": "RUB",
        "due": DUE,
        "context": Content(type="application/json", data=b"{}"),
        "amount": 10_000,
        "facts": FACTS,
    }
    return commands.CreateInvoice(**{**given, **fields})


def start_payment(payment_id: str = "1", **fields) -> commands.StartPayment:
    given = {"id": payment_id, "payer": PAYER, "flow": INSTANT, "facts": FACTS}
    return commands.StartPayment(**{**given, **fields})


def capture(amount: int | None = None, **fields) -> commands.CapturePayment:
    given = {"payment_id": "1", "reason": "shipped", "amount": amount, "facts": FACTS}
    return commands.CapturePayment(**{**given, **fields})


def cancel(**fields) -> commands.CancelPayment:
    return commands.CancelPayment(**{"payment_id": "1", "reason": "out of stock", "facts": FACTS, **fields})


def refund(amount: int | None = None, refund_id: str = "r1", **fields) -> commands.RefundPayment:
    given = {"id": refund_id, "payment_id": "1", "amount": amount, "facts": FACTS}
    return commands.RefundPayment(**{**given, **fields})


def chargeback(amount: int = 10_000, chargeback_id: str = "c1", levy: int = 500, **fields) -> commands.CreateChargeback:
    given = {"id": chargeback_id, "payment_id": "1", "body": rub(amount), "levy": rub(levy), "facts": FACTS}
    return commands.CreateChargeback(**{**given, **fields})


def accept_chargeback() -> commands.AcceptChargeback:
    return commands.AcceptChargeback(payment_id="1", chargeback_id="c1")


def reject_chargeback() -> commands.RejectChargeback:
    return commands.RejectChargeback(payment_id="1", chargeback_id="c1")


def reopen_chargeback() -> commands.ReopenChargeback:
    return commands.ReopenChargeback(payment_id="1", chargeback_id="c1")


def cancel_chargeback() -> commands.CancelChargeback:
    return commands.CancelChargeback(payment_id="1", chargeback_id="c1")


# what the bank answers


def approves(transaction: bank.TransactionInfo | None = TRANSACTION, cost: Cash | None = None) -> bank.ProxyResult:
    return bank.ProxyResult(intent=bank.Finish(status=bank.Success(changed_cost=cost)), transaction=transaction)


def takes_at_once(transaction: bank.TransactionInfo | None = TRANSACTION) -> bank.ProxyResult:
    """The bank approves, and has taken the money."""
    return bank.ProxyResult(intent=bank.Finish(status=bank.Success(is_captured=True)), transaction=transaction)


def declines(text: str = "authorization_failed:insufficient_funds") -> bank.ProxyResult:
    return bank.ProxyResult(intent=bank.Finish(status=failure.parse(text)))


def sleeps(seconds: int = 3, interaction=None) -> bank.ProxyResult:
    return bank.ProxyResult(intent=bank.Sleep(timer=bank.Timer(timeout_s=seconds), user_interaction=interaction))


def suspends(
    tag: str = "tag-1", seconds: int = 600, behaviour=TimeoutBehaviour.FAIL, interaction=None, why=None, state=b"3ds"
) -> bank.ProxyResult:
    return bank.ProxyResult(
        intent=bank.Suspend(
            tag=tag,
            timeout=bank.Timer(timeout_s=seconds),
            timeout_behaviour=behaviour,
            user_interaction=interaction,
            timeout_failure=why,
        ),
        next_state=state,
    )


class Unreachable:
    """The call surely did not reach the bank."""


class Silent:
    """The call may have reached the bank."""


class OutOfOrder:
    """An adapter that could not be reached: an outage of our own."""


UNREACHABLE, SILENT, OUT_OF_ORDER = Unreachable(), Silent(), OutOfOrder()


class Story:
    """One invoice's machine from its creation. `now` moves only by `wait` and `run`."""

    def __init__(self, *given):
        self.now = START
        self.state = None
        self.history = []
        self.ledger = PaperLedger()
        for command in given:
            self.when(command)

    @property
    def payment(self):
        return self.state.payments[-1]

    def session(self, refund_id=None, payment_id=None):
        return session_of(payment_of(self.state, payment_id or self.payment.id), refund_id)

    def when(self, command) -> list[str]:
        """Kinds of the events that the command made."""
        made = invoice.decide(self.state, command, self.now)
        for event in made:
            after = invoice.apply(self.state, event)
            for move in ledger_moves(self.state, event, after):
                self.ledger.make(move)
            assert unknown_steps(self.state, after) == []
            assert unseen_changes(self.state, after) == []
            self.state = after
        self.history += made
        self._check(made)
        return [events.kind_of(event) for event in made]

    def refuses(self, command) -> DomainError:
        """The refusal; nothing has changed."""
        before = self.state
        try:
            made = invoice.decide(self.state, command, self.now)
        except DomainError as refusal:
            assert self.state is before
            return refusal
        raise AssertionError(f"not refused: {[events.kind_of(event) for event in made]}")

    def begins_call(self) -> RunSession:
        step = invoice.next_step(self.state, self.now)
        assert isinstance(step, RunSession), f"the machine wants {step}"
        self.when(commands.BeginSessionCall(payment_id=step.payment_id, refund_id=step.refund_id))
        assert self.session(step.refund_id, step.payment_id).attempt == step.attempt
        return step

    def bank(self, *answers) -> list[str]:
        """The adapter is called and answers, once for each answer; kinds of all events after the calls' beginnings."""
        kinds = []
        for answer in answers:
            step = self.begins_call()
            ids = {"payment_id": step.payment_id, "refund_id": step.refund_id, "attempt": step.attempt}
            if answer in (UNREACHABLE, SILENT, OUT_OF_ORDER):
                command = commands.SessionCallFailed(
                    **ids, is_unknown=answer is SILENT, is_ours=answer is OUT_OF_ORDER, reason="no answer"
                )
            else:
                command = commands.SessionAnswered(**ids, result=answer)
            kinds += self.when(command)
        return kinds

    def callback(self, tag: str, result) -> list[str]:
        """Somebody comes back under the tag and the adapter says `result`."""
        self.when(commands.BeginCallback(tag=tag))
        return self.when(commands.CallbackAnswered(tag=tag, attempt=self.session().attempt, result=result))

    def bank_states(self, reference: str, verdict, **fields) -> list[str]:
        return self.when(commands.BankStated(reference=reference, verdict=verdict, **fields))

    def waits_until(self) -> datetime | None:
        step = invoice.next_step(self.state, self.now)
        assert not isinstance(step, RunSession), f"the machine wants {step}"
        return step.at if step else None

    def wakes(self) -> list[str]:
        """Time passes to the next moment that the machine waits for; kinds of the events of the timer."""
        self.now = max(self.now, self.waits_until())
        step = invoice.next_step(self.state, self.now)
        if isinstance(step, WakeAt):
            return self.when(commands.TimerFired())
        return []

    def wait(self, **duration) -> list[str]:
        """Time passes; what the timers did."""
        self.now += timedelta(**duration)
        return self.when(commands.TimerFired())

    def _check(self, made) -> None:
        for event in made:
            assert events.decode(*events.encode(event)) == event
        if self.state is None:
            return
        assert invoice.replay(self.history) == self.state
        assert snapshot.decode(snapshot.encode(self.state)) == self.state
        check_money(self.state, self.ledger)


def started(**fields) -> Story:
    return Story(create_invoice(), start_payment(**fields))


def paid(*, cost: int = 10_000, **fields) -> Story:
    """An invoice whose instant payment was captured."""
    story = Story(create_invoice(amount=cost, **fields), start_payment())
    story.bank(approves(), approves())
    assert story.payment.status == "captured"
    return story


def held(flow=HOLD_OR_CANCEL, **fields) -> Story:
    """An invoice whose payment waits to be captured or cancelled."""
    story = Story(create_invoice(**fields), start_payment(flow=flow))
    story.bank(approves())
    assert story.payment.status == "processed"
    return story


def refunded(story: Story, amount: int | None, refund_id: str, answer=None, **fields) -> Story:
    story.when(refund(amount, refund_id, **fields))
    story.bank(answer or approves(bank.TransactionInfo(id=f"back-{refund_id}")))
    return story
