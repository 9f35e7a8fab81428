"""An adapter on the bench: what is known of its bank, and a payment that goes through all its sessions.

Timers are not waited for: the driver calls again at once.
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
