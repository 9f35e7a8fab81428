"""What the adapter answers the platform, given what the bank answered. Pure: neither clock nor network.

Memory of a session, its `state`:

    ask        something was sent and its outcome is unknown: look the reference up
    pending    the bank is still deciding: look it up, unless its notice comes first
    challenge  the payer is at the bank's page, until `until` (seconds since 1970)
    returned   the payer came back with `cres`, and whether the bank has heard of it is unknown: it will not come twice
    refund     money to be released turned out to be taken: `amount` of it is being given back instead
"""

import re
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

import orjson

from processing.banks import protocol
from processing.banks.mock_adapter import failures, wire
from processing.banks.mock_adapter.wire import Receipt
from processing.banks.protocol import PaymentContext, ProxyResult
from rpc.failures import Unexpected
from rpc.protocol import domain

ASK, PENDING, CHALLENGE, RETURNED, REFUND = "ask", "pending", "challenge", "returned", "refund"
CHALLENGE_S = 900
PAUSE_S_MAX = 60
TEMPLATE_EXPRESSION = re.compile(r"\{[^{}]*\}")
WEB_ADDRESS = re.compile(r"https?://[\x21-\x7e]{1,2000}")


class Memory(NamedTuple):
    """`tries`: questions that left the outcome open so far."""

    step: str
    tries: int = 0
    until: int = 0
    amount: int = 0
    cres: str | None = None

    def pack(self) -> bytes:
        return orjson.dumps(self._asdict())


def remembered(payment: PaymentContext) -> Memory | None:
    """None when this is surely the first call; an earlier one that left no state may have reached the bank."""
    if payment.session.state is not None:
        return Memory(**orjson.loads(payment.session.state))
    return None if payment.session.attempt == 1 else Memory(ASK)


def pause_s(tries: int) -> int:
    """1, 2, 4 ... seconds, a minute at most."""
    return min(PAUSE_S_MAX, 2 ** min(tries, 6))


def still_unknown(payment: PaymentContext, memory: Memory | None) -> ProxyResult:
    """The outcome stays open: ask again after a pause, or earlier when whoever is waited for comes."""
    memory = memory or Memory(ASK)
    seconds, state = pause_s(memory.tries), memory._replace(tries=memory.tries + 1).pack()
    if memory.step == CHALLENGE:
        return protocol.suspended(return_tag(payment.reference), seconds, state)
    if memory.step == PENDING:
        return protocol.suspended(notice_tag(payment.reference), seconds, state)
    return protocol.asleep(seconds, state)


def authorised(payment: PaymentContext, receipt: Receipt, memory: Memory | None, now_s: int) -> ProxyResult:
    """What the bank's word on the authorisation means. Raises Unexpected when it contradicts what is known."""
    verify(payment, receipt, "AUTHORISATION", payment.reference, payment.payment.cost)
    transaction = wire.transaction(receipt) or payment.payment.transaction
    step = memory.step if memory else ASK
    if receipt.result == "CHALLENGE":
        return challenged(payment, receipt, min(now_s + CHALLENGE_S, latest_s(payment)), now_s)
    if receipt.result == "PENDING":
        tries = memory.tries if memory and step == PENDING else 0
        state = Memory(PENDING, tries + 1).pack()
        return protocol.suspended(notice_tag(payment.reference), pause_s(tries), state, transaction)
    if receipt.result == "APPROVED" and receipt.state in ("HELD", "TAKEN"):
        is_captured = receipt.state == "TAKEN" and protocol.takes_at_once(payment)
        return protocol.succeeded(transaction, is_captured=is_captured)
    if receipt.result == "APPROVED" or receipt.code == failures.CANCELLED_BY_US:
        return protocol.failed(failures.CALLED_OFF.get(step, failures.UNREACHABLE), receipt.text, transaction)
    return declined(receipt, transaction)


def latest_s(payment: PaymentContext) -> float:
    """The payment's deadline in whole seconds since 1970: after it whatever is still open is called off."""
    said = payment.payment.processing_deadline
    return inf if said is None else int(datetime.fromisoformat(said).timestamp())


def challenged(payment: PaymentContext, receipt: Receipt, until_s: int, now_s: int) -> ProxyResult:
    """The payer has to go to the bank's page and be back by `until_s`."""
    if receipt.challenge is None:
        raise Unexpected("a challenge without a page", source="external")
    return protocol.suspended(
        return_tag(payment.reference),
        max(until_s - now_s, 1),
        Memory(CHALLENGE, until=until_s).pack(),
        wire.transaction(receipt),
        wire.interaction(receipt.challenge),
    )


def changed(payment: PaymentContext, receipt: Receipt) -> ProxyResult:
    """The end of a capture, refund or void."""
    transaction = bound(payment)
    return protocol.succeeded(transaction) if receipt.result == "APPROVED" else declined(receipt, transaction)


def declined(receipt: Receipt, transaction: domain.TransactionInfo | None) -> ProxyResult:
    return protocol.failed(failures.path_of(receipt.code, receipt.detail), receipt.text, transaction)


def verify(payment: PaymentContext, receipt: Receipt, operation: str, reference: str, cash: domain.Cash | None) -> None:
    """Raises Unexpected when the bank speaks of something else than it was asked about."""
    known = payment.payment.transaction
    wrong = {
        "operation": receipt.operation != operation,
        "reference": receipt.reference != reference,
        "transaction": known is not None and receipt.txn not in (known.id, None),
        "amount": receipt.amount is not None and cash is not None and receipt.amount != cash.amount,
        "currency": receipt.currency is not None and cash is not None and receipt.currency != cash.currency,
        "missing amount": receipt.amount is None and cash is not None and receipt.result != "DECLINED",
        "missing transaction": receipt.txn is None and receipt.result != "DECLINED",
    }
    named = [name for name, is_wrong in wrong.items() if is_wrong]
    if named:
        raise Unexpected(f"the bank's answer contradicts what was asked: {', '.join(named)}", source="external")


def bound(payment: PaymentContext) -> domain.TransactionInfo:
    """What later operations refer to. Raises Unexpected without one."""
    if payment.payment.transaction is None:
        raise Unexpected("no transaction is bound")
    return payment.payment.transaction


def return_tag(reference: str) -> str:
    """The payer comes back under this tag."""
    return f"mock.return.{reference}"


def notice_tag(reference: str) -> str:
    """The bank's notice comes under this tag."""
    return f"mock.notice.{reference}"


def way_home(payment: PaymentContext, said: dict[str, Any]) -> str | None:
    """Where the payer's browser goes after the bank: what the merchant said, else what the browser brought along."""
    said_by_merchant, brought = payment.payment.redirect_url, said.get(wire.SESSION_DATA)
    for address in (said_by_merchant and TEMPLATE_EXPRESSION.sub("", said_by_merchant), brought):
        if isinstance(address, str) and WEB_ADDRESS.fullmatch(address):
            return address
    return None
