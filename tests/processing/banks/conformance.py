"""The rules that every adapter keeps, whatever its bank. A new adapter's test is three lines:

    class TestMyAdapter(AdapterRules):
        @pytest.fixture
        def bench(self): return my_bench()

`bench` gives a `Bench`: the adapter in front of its bank (a real one's sandbox, or a simulator, over a real connection)
and what the rules need to know of that bank. Timers are not waited for: the driver calls again at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import pytest

from processing.banks import protocol
from processing.banks.protocol import PaymentContext, Proxy, ProxyResult, Target
from rpc import codec
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unexpected
from rpc.protocol import bank_adapter, domain, replace

COST = domain.Cash(amount=10_000, currency="RUB")
STEPS_MAX = 40
STEP_S = 0.05
numbers = count(1)


@dataclass
class Bench:
    """An adapter, its bank, and payment tools for the cases that the rules speak of.

    `tools`: approved, declined, challenge, lost_answer (accepted, the answer never comes), lost_request (dropped before
    it was accepted, accepted when sent again), never_accepted, pending, garbage, contradiction (approved with another
    amount), capture_declined, refund_declined, lost_capture, lost_refund, lost_void; a case that a bank cannot produce
    is left out.
    """

    proxy: Proxy
    unreachable: Proxy
    tools: dict[str, domain.PaymentTool]
    card_numbers: list[str]
    """Must appear in nothing that an adapter returns."""
    taken: Callable[[str], int]
    """Minor units that the bank took, less what it gave back, for the payment of this PROCESSED reference."""
    held: Callable[[str], int]
    requests: Callable[[str], int]
    """Requests to authorise that reached the bank under this reference."""
    answer_challenge: Callable[[domain.UserInteraction, bool], bytes]
    """Goes through the bank's page (pass or fail); returns the callback that the adapter's own address makes of it."""
    clock: Callable[[], datetime]
    """The adapter's."""
    pass_seconds: Callable[[int], None]
    """Moves that clock."""
    cvvs_kept: Callable[[], int] = field(default=lambda: 0)


class Payment:
    """A payment at the platform as an adapter sees it: sessions one after the other, one transaction through all."""

    def __init__(
        self, bench: Bench, tool: str, *, hold: bool = False, redirect_url: str | None = None, within_s: int = 0
    ) -> None:
        """`within_s`: seconds until its processing deadline, if it has one."""
        if tool not in bench.tools:
            pytest.skip(f"this bank has no tool for {tool}")
        number = next(numbers)
        self.bench = bench
        self.invoice_id = f"inv{number}{time.monotonic_ns()}"
        self.reference = f"{self.invoice_id}.1"
        self.transaction: domain.TransactionInfo | None = None
        self.results: list[ProxyResult] = []
        deadline = Deadline.after_ms(within_s * 1000, bench.clock()).to_wire() if within_s else None
        self._info = bank_adapter.PaymentInfo(
            id="1", created_at="2026-03-01T12:00:00.000Z", cost=COST, payment_tool=bench.tools[tool],
            payment_session_id=f"session{number}", contact_info=domain.ContactInfo(email="payer@example.com"),
            redirect_url=redirect_url, is_merchant_initiated=False, make_recurrent=False, capture_at_once=not hold,
            processing_deadline=deadline,
        )  # fmt: skip
        self.begin(Target.PROCESSED, self.reference)

    def begin(self, target: int, reference: str, amount: int = COST.amount) -> "Payment":
        """A new session."""
        self.target, self.session_reference, self.amount = target, reference, amount
        self.state: bytes | None = None
        self.attempt = 0
        return self

    def context(self) -> PaymentContext:
        """As the platform would send it, bytes and all."""
        cash = domain.Cash(amount=self.amount, currency=COST.currency)
        refund = bank_adapter.RefundInfo(id="100", created_at="2026-03-01T12:00:00.000Z", cash=cash)
        built = PaymentContext(
            session=bank_adapter.Session(target=self.target, state=self.state, attempt=self.attempt),
            reference=self.session_reference,
            invoice=bank_adapter.InvoiceInfo(
                id=self.invoice_id, created_at="2026-03-01T12:00:00.000Z", due="2036-03-01T12:00:00.000Z",
                details=domain.InvoiceDetails(product="tea"),
            ),
            shop=bank_adapter.ShopInfo(
                id="shop", party_id="party", name="Shop", url="https://shop.example", category_id=1
            ),
            payment=replace(self._info, transaction=self.transaction),
            capture=bank_adapter.CaptureInfo(cost=cash) if self.target == Target.CAPTURED else None,
            refund=refund if self.target == Target.REFUNDED else None,
            options={},
        )  # fmt: skip
        return codec.decode(PaymentContext, codec.encode(built))

    def step(self) -> ProxyResult:
        """One call of the adapter."""
        self.attempt += 1
        return self.note(self.bench.proxy.ProcessPayment(Context.root(), self.context()))

    def crash(self) -> None:
        """The adapter is called, and the platform dies before it has kept the answer."""
        self.attempt += 1
        self.bench.proxy.ProcessPayment(Context.root(), self.context())

    def call_back(self, callback: bytes) -> bank_adapter.CallbackResult:
        """Somebody comes back under the session's tag."""
        self.attempt += 1
        answer = self.bench.proxy.HandlePaymentCallback(Context.root(), callback, self.context())
        if answer.result is not None:
            self.note(answer.result)
        return answer

    def note(self, result: ProxyResult) -> ProxyResult:
        result = codec.decode(ProxyResult, codec.encode(result))
        self.results.append(result)
        if result.next_state is not None:
            self.state = result.next_state
        if result.transaction is not None:
            assert self.transaction is None or self.transaction.id == result.transaction.id
            self.transaction = result.transaction
        return result

    def drive(self) -> "Payment":
        """Calls the adapter until the session ends."""
        for _ in range(STEPS_MAX):
            if self.step().intent.finish is not None:
                return self
            time.sleep(STEP_S)
        raise AssertionError("the session does not end")

    @property
    def succeeded(self) -> bool:
        finish = self.results[-1].intent.finish
        return finish is not None and finish.status.success is not None

    @property
    def is_captured(self) -> bool:
        """Whether the adapter said that no call is needed to take the money."""
        return self.succeeded and bool(self.results[-1].intent.finish.status.success.is_captured)

    @property
    def failure(self) -> str | None:
        """The path of the failure that the session ended with."""
        finish = self.results[-1].intent.finish
        failure = finish.status.failure if finish else None
        return protocol.failure_path(failure) if failure else None

    @property
    def interaction(self) -> domain.UserInteraction:
        """What the payer was asked for."""
        return self.suspension.user_interaction

    @property
    def suspension(self) -> bank_adapter.Suspend | None:
        return self.results[-1].intent.suspend


class AdapterRules:
    """Every test is a rule of processing/banks/protocol.py."""

    @pytest.fixture
    def challenged(self, bench: Bench) -> Payment:
        """A payment whose payer must go to the bank's page."""
        payment = Payment(bench, "challenge", redirect_url="https://shop.example/done")
        payment.step()
        return payment

    def test_an_approved_payment_succeeds_with_its_transaction(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.succeeded
        assert payment.transaction is not None
        assert bench.taken(payment.reference) == COST.amount

    def test_a_declined_payment_fails_inside_the_tree_and_takes_nothing(self, bench: Bench):
        payment = Payment(bench, "declined").drive()
        assert payment.failure in protocol.FAILURES
        assert bench.taken(payment.reference) == 0

    def test_a_hold_takes_nothing_until_it_is_captured(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (COST.amount, 0)
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        assert payment.succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, COST.amount)

    def test_a_capture_in_part_takes_that_part_and_releases_the_rest(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture", 4_000).drive()
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 4_000)

    def test_a_payment_that_was_captured_at_once_is_captured_already(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive().succeeded
        assert bench.taken(payment.reference) == COST.amount

    def test_whoever_says_that_the_money_is_captured_was_to_take_it_and_has_it(self, bench: Bench):
        at_once, later = Payment(bench, "approved").drive(), Payment(bench, "approved", hold=True).drive()
        assert not later.is_captured
        assert not at_once.is_captured or bench.taken(at_once.reference) == COST.amount

    def test_a_capture_finds_money_that_was_taken_at_once_though_only_the_transactions_id_is_known(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        payment.transaction = domain.TransactionInfo(id=payment.transaction.id)
        assert payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive().succeeded
        assert bench.taken(payment.reference) == COST.amount

    def test_a_cancelled_hold_is_released(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.cancel").drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_hold_whose_capture_was_declined_is_released(self, bench: Bench):
        payment = Payment(bench, "capture_declined", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        assert payment.failure in protocol.FAILURES
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_cancelling_a_payment_of_which_a_part_was_taken_gives_that_part_back(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture", 4_000).drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert bench.taken(payment.reference) == 0

    def test_cancelling_a_payment_whose_payer_is_at_the_banks_page_calls_it_off(self, challenged: Payment):
        state, callback = challenged.state, challenged.bench.answer_challenge(challenged.interaction, True)
        assert challenged.begin(Target.CANCELLED, f"{challenged.reference}.reversal").drive().succeeded
        challenged.begin(Target.PROCESSED, challenged.reference).state = state
        challenged.call_back(callback)
        assert not challenged.succeeded
        assert challenged.bench.taken(challenged.reference) == 0

    def test_cancelling_a_payment_that_was_taken_gives_the_money_back(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert bench.taken(payment.reference) == 0

    def test_refunds_give_back_their_parts(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        for number, amount in ((100, 2_500), (101, 1_500)):
            assert payment.begin(Target.REFUNDED, f"{payment.reference}.refund.{number}", amount).drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 4_000

    def test_a_declined_refund_fails_and_gives_nothing_back(self, bench: Bench):
        payment = Payment(bench, "refund_declined").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100").drive()
        assert payment.failure in protocol.FAILURES
        assert bench.taken(payment.reference) == COST.amount

    def test_one_transaction_id_names_the_payment_through_all_its_sessions(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        first = payment.transaction
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100").drive()
        assert first is not None
        assert {result.transaction.id for result in payment.results if result.transaction} == {first.id}

    def test_an_answer_that_is_lost_is_asked_about_and_charged_once(self, bench: Bench):
        payment = Payment(bench, "lost_answer")
        first = payment.step()
        assert first.intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 1
        assert bench.taken(payment.reference) == COST.amount

    def test_a_request_that_was_lost_is_sent_again_only_after_asking(self, bench: Bench):
        payment = Payment(bench, "lost_request")
        assert payment.step().intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 2
        assert bench.taken(payment.reference) == COST.amount

    def test_a_bank_that_never_accepts_fails_the_payment_in_the_end(self, bench: Bench):
        payment = Payment(bench, "never_accepted").drive()
        assert payment.failure == "authorization_failed:temporarily_unavailable"
        assert bench.taken(payment.reference) == 0

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending"])
    def test_a_crash_after_sending_charges_once(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        payment.crash()
        payment.step()
        assert bench.requests(payment.reference) == 1

    @pytest.mark.parametrize("tool", ["approved", "lost_refund"])
    def test_a_crash_in_a_refund_refunds_once(self, bench: Bench, tool: str):
        payment = Payment(bench, tool).drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100", 3_000)
        payment.crash()
        assert payment.drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 3_000

    @pytest.mark.parametrize("target", ["capture", "cancel", "reversal"])
    def test_a_crash_in_a_later_operation_does_it_once(self, bench: Bench, target: str):
        payment = Payment(bench, "approved", hold=target != "reversal").drive()
        goal = Target.CAPTURED if target == "capture" else Target.CANCELLED
        payment.begin(goal, f"{payment.reference}.{target}")
        payment.crash()
        assert payment.drive().succeeded
        assert bench.held(payment.reference) == 0
        assert bench.taken(payment.reference) == (COST.amount if target == "capture" else 0)

    @pytest.mark.parametrize(
        ("tool", "target", "left"), [("lost_capture", "capture", COST.amount), ("lost_void", "cancel", 0)]
    )
    def test_a_later_operation_whose_answer_is_lost_is_asked_about(
        self, bench: Bench, tool: str, target: str, left: int
    ):
        payment = Payment(bench, tool, hold=True).drive()
        payment.begin(Target.CAPTURED if target == "capture" else Target.CANCELLED, f"{payment.reference}.{target}")
        assert payment.step().intent.sleep is not None
        assert payment.drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, left)

    def test_a_refund_whose_answer_is_lost_is_paid_once(self, bench: Bench):
        payment = Payment(bench, "lost_refund").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100", 3_000)
        assert payment.step().intent.sleep is not None
        assert payment.drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 3_000

    def test_pauses_between_questions_grow(self, bench: Bench):
        payment = Payment(bench, "never_accepted").drive()
        pauses = [result.intent.sleep.timer.timeout_s for result in payment.results if result.intent.sleep]
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1]

    def test_a_bank_that_cannot_be_reached_is_unavailable(self, bench: Bench):
        payment = Payment(bench, "approved")
        payment.attempt = 1
        with pytest.raises(Unavailable):
            bench.unreachable.ProcessPayment(Context.root(), payment.context())
        assert bench.requests(payment.reference) == 0

    @pytest.mark.parametrize("tool", ["garbage", "contradiction"])
    def test_an_answer_outside_the_protocol_is_unexpected(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        with pytest.raises(Unexpected):
            payment.step()

    def test_a_pending_payment_waits_without_ending_and_then_succeeds(self, bench: Bench):
        payment = Payment(bench, "pending")
        assert payment.step().intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 1

    def test_a_challenge_suspends_with_a_tag_and_a_redirect(self, challenged: Payment):
        assert challenged.suspension is not None
        assert challenged.suspension.tag
        assert challenged.suspension.user_interaction.redirect is not None
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_passed_challenge_succeeds_and_the_payer_is_sent_home(self, challenged: Payment):
        callback = challenged.bench.answer_challenge(challenged.suspension.user_interaction, True)
        answer = challenged.call_back(callback)
        assert b"https://shop.example/done" in answer.response
        assert challenged.succeeded
        assert challenged.bench.taken(challenged.reference) == COST.amount

    def test_a_failed_challenge_fails_before_authorization(self, challenged: Payment):
        challenged.call_back(challenged.bench.answer_challenge(challenged.suspension.user_interaction, False))
        assert challenged.failure == "preauthorization_failed:three_ds_failed"
        assert challenged.bench.taken(challenged.reference) == 0

    @pytest.mark.parametrize("callback", [b'{"kind":"return"}', b'{"kind":"return","cres":"forged"}'])
    def test_a_callback_that_means_nothing_leaves_the_session_suspended(self, challenged: Payment, callback: bytes):
        assert challenged.call_back(callback).result is None
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_payer_who_never_comes_back_fails_the_payment(self, challenged: Payment):
        challenged.bench.pass_seconds(challenged.suspension.timeout.timeout_s)
        challenged.drive()
        assert challenged.failure == "preauthorization_failed:three_ds_not_finished"
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_payer_has_no_longer_than_the_payment_has(self, bench: Bench):
        payment = Payment(bench, "challenge", within_s=60)
        payment.step()
        assert payment.suspension.timeout.timeout_s <= 60
        bench.pass_seconds(60)
        payment.step()
        assert payment.failure == "preauthorization_failed:three_ds_not_finished"
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_payer_who_would_come_too_late_for_the_payment_is_not_waited_for(self, bench: Bench):
        payment = Payment(bench, "challenge", within_s=60)
        bench.pass_seconds(61)
        payment.drive()
        assert payment.failure == "preauthorization_failed:three_ds_not_finished"
        assert bench.taken(payment.reference) == 0

    def test_what_the_bank_has_not_decided_by_the_payments_deadline_is_called_off(self, bench: Bench):
        payment = Payment(bench, "pending", within_s=60)
        payment.step()
        bench.pass_seconds(60)
        payment.step()
        assert payment.failure == "authorization_failed:processing_deadline_reached"
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_call_before_the_payers_time_is_over_goes_on_waiting(self, challenged: Payment):
        tag = challenged.suspension.tag
        challenged.step()
        assert challenged.suspension is not None
        assert challenged.suspension.tag == tag

    def test_a_crash_while_the_payers_answer_is_handed_over_charges_once(self, challenged: Payment):
        callback = challenged.bench.answer_challenge(challenged.suspension.user_interaction, True)
        state = challenged.state
        challenged.call_back(callback)
        challenged.state = state
        challenged.bench.pass_seconds(challenged.results[0].intent.suspend.timeout.timeout_s)
        assert challenged.drive().succeeded
        assert challenged.bench.taken(challenged.reference) == COST.amount

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending", "lost_answer"])
    def test_no_card_number_is_in_what_comes_back(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        raw = codec.encode(payment.step())
        assert not [number for number in bench.card_numbers if number.encode() in raw]

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending"])
    def test_the_cvv_is_forgotten_when_the_bank_has_answered(self, bench: Bench, tool: str):
        before = bench.cvvs_kept()
        Payment(bench, tool).step()
        assert bench.cvvs_kept() == before

    def test_a_tool_that_the_bank_does_not_take_is_declined(self, bench: Bench):
        wallet = domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider="euroset"))
        bench.tools["terminal"] = wallet
        payment = Payment(bench, "terminal").drive()
        assert payment.failure == "authorization_failed:payment_tool_rejected:unknown"

    def test_an_unknown_target_is_unexpected(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        context = payment.context()
        with pytest.raises(Unexpected):
            bench.proxy.ProcessPayment(Context.root(), replace(context, session=replace(context.session, target=99)))
