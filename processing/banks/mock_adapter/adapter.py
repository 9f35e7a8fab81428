"""Drives one operation at the mock bank towards its target; see processing/banks/protocol.py for the rules.

The bank refuses a reference that it knows and names the first operation under it, so sending again under the same
reference is safe; it is done only after a look-up found nothing. What answers mean is in `answers.py`.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from processing.banks import protocol
from processing.banks.mock_adapter import answers, failures, wire
from processing.banks.mock_adapter.answers import ASK, CHALLENGE, PENDING, REFUND, RETURNED, Memory, bound
from processing.banks.mock_adapter.connection import Connection, Reply
from processing.banks.mock_adapter.wire import Receipt
from processing.banks.protocol import CallbackResult, Cards, PaymentContext, ProxyResult, Target
from rpc.context import Context
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import domain
from settings.clock import Clock

GATEWAY = "/gateway/v1"
MERCHANT = "100500"
SENDS_MAX = 4
NOT_HERE = "authorization_failed:operation_blocked"

Step = Callable[[Context, PaymentContext, Memory | None], ProxyResult]


class MockBankAdapter:
    """One bank, any number of threads; remembers nothing between calls. `options["merchant"]` is our number there."""

    def __init__(self, bank: Connection, cards: Cards, callback_url: str, clock: Clock) -> None:
        self._bank = bank
        self._cards = cards
        self._callback_url = callback_url
        self._clock = clock
        self._steps: dict[int, Step] = {
            Target.PROCESSED: self._authorise,
            Target.CAPTURED: self._capture,
            Target.CANCELLED: self._cancel,
            Target.REFUNDED: self._refund,
        }

    def process(self, context: Context, payment: PaymentContext) -> ProxyResult:
        """One step. Raises Unavailable or Unexpected."""
        step = self._steps.get(payment.session.target)
        if step is None:
            raise Unexpected("this adapter knows no such target")
        memory = answers.remembered(payment)
        try:
            return step(context, payment, memory)
        except Unknown:
            return answers.still_unknown(payment, memory)

    def handle_callback(self, context: Context, callback: bytes, payment: PaymentContext) -> CallbackResult:
        """The payer's return or the bank's notice, as `callbacks.py` packs them. Raises Unavailable or Unexpected."""
        said = wire.read_object(callback)
        if said.get("kind") != "return":
            return CallbackResult(response=b"{}", result=self._told(context, payment, said))
        home = orjson.dumps({"redirect": answers.way_home(payment, said)})
        return CallbackResult(response=home, result=self._returned(context, payment, said))

    # ------------------------------------------------------------------ PROCESSED

    def _authorise(self, context: Context, payment: PaymentContext, memory: Memory | None) -> ProxyResult:
        if memory is None:
            return self._send_order(context, payment, None)
        receipt = self._look_up(context, payment, payment.reference)
        if receipt is None and memory.step != ASK:
            raise Unexpected("the bank forgot an authorisation", source="external")
        if receipt is None and memory.tries < SENDS_MAX:
            return self._send_order(context, payment, memory)
        if receipt is None:
            return self._authorised(payment, self._close(context, payment), memory)
        answers.verify(payment, receipt, "AUTHORISATION", payment.reference, payment.payment.cost)
        now_s = self._now_s()
        if receipt.result == "CHALLENGE" and memory.step in (CHALLENGE, RETURNED):
            completed = self._completed(context, payment, memory.cres) if memory.step == RETURNED else None
            if completed is not None:
                return self._authorised(payment, completed, None)
            if now_s < memory.until:
                return answers.challenged(payment, receipt, memory.until, now_s)
            receipt = self._call_off(context, payment, receipt)
        elif receipt.result == "PENDING" and now_s >= answers.latest_s(payment):
            receipt, memory = self._call_off(context, payment, receipt), Memory(PENDING)
        return self._authorised(payment, receipt, memory)

    def _send_order(self, context: Context, payment: PaymentContext, memory: Memory | None) -> ProxyResult:
        if payment.payment.payment_tool.which() != "bank_card":
            return protocol.failed(failures.TOOL_REJECTED, "the bank takes cards only")
        try:
            order = self._order(context, payment)
        except wire.ForeignCurrency:
            return protocol.failed(NOT_HERE, "no account in this currency at the bank")
        reply = self._bank.post(context, "authorise", f"{GATEWAY}/authorisations", order)
        return self._authorised(payment, receipt_of(reply), memory)

    def _order(self, context: Context, payment: PaymentContext) -> dict[str, Any]:
        info, shown = payment.payment, payment.payment.payment_tool.value
        card = self._cards.card(shown.token)
        session_id = None if info.is_merchant_initiated else info.payment_session_id
        cvv = self._cards.cvv(session_id, payment.reference) if session_id else None
        tag, trace = quote(answers.return_tag(payment.reference), safe=""), urlencode({"trace": context.trace_id})
        return wire.order(
            merchant=merchant(payment),
            reference=payment.reference,
            cost=info.cost,
            card=wire.card(card.number, card.exp_month, card.exp_year, cvv, shown.cardholder_name),
            capture_now=info.capture_at_once,
            payer_present=not info.is_merchant_initiated,
            return_url=f"{self._callback_url}/return/{tag}?{trace}",
            notify_url=f"{self._callback_url}/notices",
        )

    def _authorised(self, payment: PaymentContext, receipt: Receipt, memory: Memory | None) -> ProxyResult:
        """The bank has answered: nothing will be sent again, so the CVV is forgotten."""
        result = answers.authorised(payment, receipt, memory, self._now_s())
        if payment.payment.payment_session_id:
            self._cards.forget_cvv(payment.payment.payment_session_id)
        return result

    def _call_off(self, context: Context, payment: PaymentContext, receipt: Receipt) -> Receipt:
        """The payer or the bank took too long: the authorisation is ended; how it ended is looked up."""
        body = wire.change(merchant(payment), f"{payment.reference}.abandon", receipt.txn)
        return self._ended(context, payment, body)

    def _close(self, context: Context, payment: PaymentContext) -> Receipt:
        """The bank accepted nothing of what we sent; it is made to refuse the reference should a request still come."""
        reference = payment.reference
        body = {"merchant": merchant(payment), "reference": f"{reference}.close", "originalReference": reference}
        return self._ended(context, payment, body)

    def _ended(self, context: Context, payment: PaymentContext, void: dict[str, Any]) -> Receipt:
        self._bank.post(context, "void", f"{GATEWAY}/voids", void)
        receipt = self._look_up(context, payment, payment.reference)
        if receipt is None or receipt.result in ("CHALLENGE", "PENDING"):
            raise Unknown("the bank did not end the authorisation", source="external")
        return receipt

    # ------------------------------------------------------------------ callbacks

    def _returned(self, context: Context, payment: PaymentContext, said: dict[str, Any]) -> ProxyResult | None:
        """The payer is back. Only the bank can tell whether the token is worth anything."""
        memory, cres, transaction = answers.remembered(payment), said.get("cres"), payment.payment.transaction
        if memory is None or memory.step != CHALLENGE or transaction is None or not isinstance(cres, str):
            return None
        try:
            receipt = self._completed(context, payment, cres)
        except Unknown:
            return answers.still_unknown(payment, Memory(RETURNED, until=memory.until, cres=cres))
        return None if receipt is None else self._authorised(payment, receipt, None)

    def _completed(self, context: Context, payment: PaymentContext, cres: str) -> Receipt | None:
        """The authorisation after what the payer brought back; None when that is worth nothing. Safe to repeat."""
        path = f"{GATEWAY}/authorisations/{quote(bound(payment).id, safe='')}/completion"
        reply = self._bank.post(context, "complete", path, {"merchant": merchant(payment), "cres": cres})
        return None if reply.status == 400 else receipt_of(reply)

    def _told(self, context: Context, payment: PaymentContext, notice: dict[str, Any]) -> ProxyResult | None:
        """A notice is a knock at the door: the answer is fetched from the bank. None while there is none."""
        try:
            receipt = self._look_up(context, payment, payment.reference)
        except (Unknown, Unavailable):
            return None
        if receipt is None or (receipt.result in ("APPROVED", "DECLINED") and receipt.result != notice.get("result")):
            raise Unexpected("the bank's notice and its books differ", source="external")
        return None if receipt.result in ("PENDING", "CHALLENGE") else self._authorised(payment, receipt, None)

    # ------------------------------------------------------------------ CAPTURED, CANCELLED, REFUNDED

    def _capture(self, context: Context, payment: PaymentContext, memory: Memory | None) -> ProxyResult:
        cash, transaction = payment.capture.cost if payment.capture else payment.payment.cost, bound(payment)
        if (transaction.extra or {}).get("state") == "TAKEN":
            is_whole = cash == payment.payment.cost
            return protocol.succeeded(transaction) if is_whole else protocol.failed(NOT_HERE, "taken whole at once")
        receipt = self._done(context, payment, memory, "capture", payment.reference, cash)
        is_taken_already = receipt.state == "TAKEN" and receipt.left == cash.amount
        if payment.payment.capture_at_once and is_taken_already:
            return protocol.succeeded(transaction)
        return answers.changed(payment, receipt)

    def _refund(self, context: Context, payment: PaymentContext, memory: Memory | None) -> ProxyResult:
        if payment.refund is None:
            raise Unexpected("a refund without its amount")
        cash = payment.refund.cash
        return answers.changed(payment, self._done(context, payment, memory, "refund", payment.reference, cash))

    def _cancel(self, context: Context, payment: PaymentContext, memory: Memory | None) -> ProxyResult:
        """Releases what is held; what was taken meanwhile is given back, as much as there is."""
        if memory is None or memory.step != REFUND:
            receipt = self._done(context, payment, memory, "void", payment.reference, None)
            if receipt.result == "APPROVED" or receipt.state in ("RELEASED", "DECLINED"):
                return protocol.succeeded(bound(payment))
            if receipt.state != "TAKEN":
                return answers.changed(payment, receipt)
            if receipt.left == 0:
                return protocol.succeeded(bound(payment))
            memory = Memory(REFUND, amount=receipt.left)
        cash = domain.Cash(amount=memory.amount, currency=payment.payment.cost.currency)
        reference, asked = f"{payment.reference}.refund", memory if payment.session.attempt > 1 else None
        try:
            receipt = self._done(context, payment, asked, "refund", reference, cash)
        except Unknown:
            return answers.still_unknown(payment, memory)
        return answers.changed(payment, receipt)

    def _done(
        self, context: Context, payment: PaymentContext, memory: Memory | None, name: str, reference: str,
        cash: domain.Cash | None,
    ) -> Receipt:  # fmt: skip
        """The bank's last word on a capture, refund or void: asked for first unless it surely never heard of it."""
        receipt = self._look_up(context, payment, reference) if memory else None
        if receipt is None:
            body = wire.change(merchant(payment), reference, bound(payment).id, cash)
            receipt = receipt_of(self._bank.post(context, name, f"{GATEWAY}/{name}s", body))
        answers.verify(payment, receipt, name.upper(), reference, cash)
        return receipt

    # ------------------------------------------------------------------ asking

    def _look_up(self, context: Context, payment: PaymentContext, reference: str) -> Receipt | None:
        """What the bank knows of our reference; None when it never saw it. Raises Unknown when it does not say."""
        query = urlencode({"merchant": merchant(payment), "reference": reference})
        reply = self._bank.get(context, "look_up", f"{GATEWAY}/operations?{query}")
        return None if reply.status == 404 else receipt_of(reply)

    def _now_s(self) -> int:
        return int(self._clock().timestamp())


def merchant(payment: PaymentContext) -> str:
    """Our number at the bank."""
    return protocol.option(payment, "merchant", MERCHANT)


def receipt_of(reply: Reply) -> Receipt:
    """The operation that an answer speaks of: the one asked for, or its reference's first. Raises Unexpected."""
    if reply.status == 200:
        return wire.receipt(wire.read_object(reply.body))
    if reply.status == 409:
        first = wire.read_object(reply.body).get("first")
        return wire.receipt(first if isinstance(first, dict) else {})
    raise Unexpected(f"the bank refused the request with {reply.status}", source="external")
