"""Everything that the author of a bank's adapter has to read. The types are those of specs/thrift/bank_adapter.thrift.

An adapter drives one operation at one bank (a *session*) towards a target: PROCESSED (money held or taken), CAPTURED,
CANCELLED, REFUNDED. It is called with a `PaymentContext` and answers with an intent:

- `succeeded()` / `failed("authorization_failed:insufficient_funds", ...)`: the target is reached, or the bank said no;
  a bank that takes the money when it approves saves a call: `succeeded(transaction, is_captured=True)`;
- `asleep(seconds, state)`: call me again then;
- `suspended(tag, seconds, state, ...)`: somebody comes back under `tag` (a payer, the bank), or the time runs out.

`state` is the adapter's own memory of the session: opaque bytes, given back with the next call. Nothing else is
remembered, neither in the adapter nor on disk.

The rules, checked by `Proxy` on every answer and by tests/processing/banks/conformance.py on every adapter:

1. `context.reference` is our name of the operation at the bank, unique for ever. Send it with the operation.
2. What may have reached the bank is never sent again before the bank was asked about `reference`. That holds for every
   call with `session.attempt` above 1 that has no state, and after every failure behind the first byte sent. Afterwards
   it may be sent again only where the bank refuses a reference that it knows.
3. A connection that could not be made is `Unavailable` (raise it): surely nothing happened, the platform calls again.
4. An outcome that is unknown is no failure and no exception: answer `asleep`, with growing pauses, and ask.
5. An answer outside the bank's protocol, or one that contradicts what is known (another amount, another id), is
   `Unexpected` (raise it): the machine stops until an operator has looked. Never guess about money.
6. The bank's transaction id is bound at the latest by the end of PROCESSED and never changes.
7. A failure is a path of `FAILURES`; a code of the bank that the adapter does not know becomes an `unknown` there.
8. Card numbers are read from the vault (`Equipment.cards`) when they are sent, and appear in nothing that is returned,
   raised or logged. `forget_cvv` as soon as the bank has answered.
9. A payment is called off at the bank when its `processing_deadline` passes before the bank has decided; the platform
   calls then. CANCELLED means that nothing of the payment stays with the bank: what is held is released, what was taken
   is given back, what is under way is called off. It is also asked for when the bank refused a capture.
10. A callback is untrusted until the bank has confirmed it. One that means nothing leaves the session suspended:
    a `CallbackResult` without `result`.

Deciding is kept apart from talking: a pure function makes a result from what the bank answered.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from rpc.client import BoundService
from rpc.context import Context
from rpc.failures import Unexpected
from rpc.protocol import bank_adapter, domain
from settings import Settings
from settings.clock import Clock
from telemetry import log

Target = bank_adapter.Target
PaymentContext = bank_adapter.PaymentContext
ProxyResult = bank_adapter.ProxyResult
CallbackResult = bank_adapter.CallbackResult


class Cards(Protocol):
    """What the vault lends to adapters in its process: see processing/vault/reader.py."""

    def card(self, token: str) -> Any:
        """Has `number`, `exp_month`, `exp_year`."""

    def cvv(self, session_id: str, reference: str) -> str | None:
        """As often as this one operation asks; None when it is gone or was never there."""

    def forget_cvv(self, session_id: str) -> None:
        """The bank has answered."""


class Equipment(NamedTuple):
    """What the vault's process gives to every adapter."""

    settings: Settings
    cards: Cards
    clock: Clock
    host: Callable[[Context], BoundService]
    """The platform's ProviderProxyHost in a context, for what comes back from the bank or the payer."""


class Adapter(Protocol):
    """What an adapter's author writes."""

    def process(self, context: Context, payment: PaymentContext) -> ProxyResult:
        """One step of the session."""

    def handle_callback(self, context: Context, callback: bytes, payment: PaymentContext) -> CallbackResult:
        """Somebody came back under the tag of a suspended session."""


class Installed(NamedTuple):
    """An adapter as the vault's process serves it: its Thrift face at /v1/proxy/<name>, and its ASGI app for callbacks.

    `callbacks` answers every path below `/callbacks/<name>/`; None where the bank never calls.
    """

    name: str
    proxy: "Proxy"
    callbacks: Any | None


# ------------------------------------------------------------------ answers


def succeeded(transaction: domain.TransactionInfo | None = None, *, is_captured: bool = False) -> ProxyResult:
    """The target is reached. `is_captured`: of PROCESSED with `capture_at_once`, the target CAPTURED with it."""
    status = bank_adapter.FinishStatus(success=bank_adapter.Success(is_captured=is_captured or None))
    return ProxyResult(intent=bank_adapter.Intent(finish=bank_adapter.Finish(status=status)), transaction=transaction)


def failed(path: str, reason: str | None = None, transaction: domain.TransactionInfo | None = None) -> ProxyResult:
    """The bank said no. `path` is one of FAILURES; `reason` is for people."""
    status = bank_adapter.FinishStatus(failure=failure(path, reason))
    return ProxyResult(intent=bank_adapter.Intent(finish=bank_adapter.Finish(status=status)), transaction=transaction)


def asleep(seconds: int, state: bytes | None = None, transaction: domain.TransactionInfo | None = None) -> ProxyResult:
    """Call again after so many seconds."""
    sleep = bank_adapter.Sleep(timer=bank_adapter.Timer(timeout_s=seconds))
    return ProxyResult(intent=bank_adapter.Intent(sleep=sleep), next_state=state, transaction=transaction)


def suspended(
    tag: str,
    seconds: int,
    state: bytes | None = None,
    transaction: domain.TransactionInfo | None = None,
    interaction: domain.UserInteraction | None = None,
) -> ProxyResult:
    """Wait for whoever comes back under `tag`; call the adapter when nobody does within so many seconds."""
    suspend = bank_adapter.Suspend(
        tag=tag,
        timeout=bank_adapter.Timer(timeout_s=seconds),
        timeout_behaviour=bank_adapter.TimeoutBehaviour.CALL_ADAPTER,
        user_interaction=interaction,
    )
    return ProxyResult(intent=bank_adapter.Intent(suspend=suspend), next_state=state, transaction=transaction)


# ------------------------------------------------------------------ the failure tree

_LIMITS = ("unknown", "amount:unknown", "amount:operation", "amount:daily", "amount:weekly", "amount:monthly", "number")
_CARD = ("unknown", "card_number_invalid", "card_expired", "card_holder_invalid", "cvv_invalid", "issuer_not_found")
_AUTHORIZATION = (
    "unknown", "merchant_blocked", "operation_blocked", "account_not_found", "account_blocked", "account_stolen",
    "insufficient_funds", "payment_tool_rejected:unknown", "security_policy_violated", "temporarily_unavailable",
    "rejected_by_issuer", "processing_deadline_reached",
)  # fmt: skip

FAILURES = frozenset(
    [f"preauthorization_failed:{leaf}" for leaf in ("unknown", "three_ds_not_finished", "three_ds_failed")]
    + [f"authorization_failed:{leaf}" for leaf in _AUTHORIZATION]
    + [f"authorization_failed:{whose}_limit_exceeded:{leaf}" for whose in ("account", "provider") for leaf in _LIMITS]
    + [f"authorization_failed:payment_tool_rejected:bank_card_rejected:{leaf}" for leaf in _CARD]
)
"""What a bank may say no with. Refunds and captures use the branch authorization_failed too."""


def failure(path: str, reason: str | None = None) -> domain.Failure:
    """`a:b:c` as nested codes. Raises ValueError outside FAILURES."""
    if path not in FAILURES:
        raise ValueError(f"{path} is no leaf of the failure tree")
    first, *rest = path.split(":")
    sub = None
    for code in reversed(rest):
        sub = domain.SubFailure(code=code, sub=sub)
    return domain.Failure(code=first, reason=reason, sub=sub)


def failure_path(failure: domain.Failure) -> str:
    """The inverse of `failure`."""
    codes, sub = [failure.code], failure.sub
    while sub is not None:
        codes.append(sub.code)
        sub = sub.sub
    return ":".join(codes)


# ------------------------------------------------------------------ the Thrift face


class Proxy:
    """Serves bank_adapter.ProviderProxy for one adapter, and lets no answer pass that breaks the rules."""

    def __init__(self, name: str, adapter: Adapter) -> None:
        self._name = name
        self._adapter = adapter

    def ProcessPayment(self, context: Context, payment: PaymentContext) -> ProxyResult:
        """Raises Unavailable or Unexpected."""
        with log.bound(trace_id=context.trace_id, adapter=self._name, reference=payment.reference):
            return checked(payment, self._adapter.process(context, payment))

    def HandlePaymentCallback(self, context: Context, callback: bytes, payment: PaymentContext) -> CallbackResult:
        """Raises Unavailable or Unexpected."""
        with log.bound(trace_id=context.trace_id, adapter=self._name, reference=payment.reference):
            answer = self._adapter.handle_callback(context, callback, payment)
            if answer.result is not None:
                checked(payment, answer.result)
            return answer


def checked(payment: PaymentContext, result: ProxyResult) -> ProxyResult:
    """The result itself. Raises Unexpected when the adapter breaks rule 6 or 7, or took money before it was to."""
    known, said = payment.payment.transaction, result.transaction
    if known is not None and said is not None and known.id != said.id:
        raise Unexpected("the transaction id changed")
    finish = result.intent.finish
    if finish is None:
        return result
    if finish.status.failure is not None:
        if failure_path(finish.status.failure) not in FAILURES:
            raise Unexpected("the failure is outside the tree")
    elif payment.session.target == Target.PROCESSED and (said or known) is None:
        raise Unexpected("success without a transaction")
    elif finish.status.success.is_captured and not takes_at_once(payment):
        raise Unexpected("the money was not to be taken yet")
    return result


def takes_at_once(payment: PaymentContext) -> bool:
    """Whether the session may end with the money taken."""
    return payment.session.target == Target.PROCESSED and payment.payment.capture_at_once


def option(payment: PaymentContext, name: str, otherwise: str) -> str:
    """An option of the terminal."""
    options: Mapping[str, str] = payment.options
    return options.get(name, otherwise)
