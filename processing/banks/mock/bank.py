"""The rules of the bank: what may be held, taken, given back, and when. Knows nothing of HTTP.

Every method is one transaction in the books and never waits; what happens by itself later (a pending answer, a page
that nobody came back from, a change of mind) is a due moment on the operation, brought about by `run_due`.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

from processing.banks.mock import cards, codes, wire
from processing.banks.mock.books import Authorisation, Books, Dispute, Notice, Operation
from processing.banks.mock.config import Config
from processing.banks.mock.wire import Change, Order, Refusal
from settings.clock import Clock

DECIDE, EXPIRE, RECONSIDER = "DECIDE", "EXPIRE", "RECONSIDER"
APPROVED, DECLINED, CHALLENGE, PENDING = "APPROVED", "DECLINED", "CHALLENGE", "PENDING"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOTICE_COPIES = {cards.ONCE: 1, cards.TWICE: 2, cards.LATE: 1, cards.BEFORE_ANSWER: 1, cards.CONTRADICTING: 1}


class Bank:
    """One bank with its books. `clock` is its only source of time."""

    def __init__(self, books: Books, config: Config, clock: Clock) -> None:
        self.books = books
        self.acs_url = f"{config.public_url}/acs"
        self._delays = config.delays
        self._clock = clock
        self._era = base36(int(clock().timestamp()), 6)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self._clock().timestamp() * 1000)

    # ------------------------------------------------------------------ what a merchant asks for

    def authorise(self, order: Order, behaviour: cards.Behaviour, trace: str | None = None) -> Operation | None:
        """Opens an authorisation; None when the card lets the request vanish.

        Refusal (duplicate) when the reference was used before, whatever for; the request is counted all the same.
        """
        operation = None
        with self.books.transaction():
            requests = self.books.visit(order.merchant, order.reference)
            first = self.books.operation(order.merchant, order.reference)
            if first is None and not cards.leaves_no_trace(behaviour.delivery, requests):
                operation = self._open(order, behaviour, trace)
        if first is not None:
            raise Refusal(409, codes.DUPLICATE_REFERENCE, "reference", self.receipt(first))
        return operation

    def complete(self, merchant: str, txn: str, cres: str) -> Operation:
        """Ends a challenge with the token that the payer brought back. A second completion changes nothing."""
        with self.books.transaction():
            operation = self._opening(merchant, txn)
            authorisation = self._authorisation(merchant, txn)
            if operation.result == CHALLENGE:
                if authorisation.cres is None or not secrets.compare_digest(authorisation.cres, cres):
                    raise Refusal(400, codes.FORMAT_ERROR, "cres")
                passed = authorisation.authentication == "Y"
                self._decide(authorisation, operation, None if passed else codes.AUTHENTICATION_FAILED)
                self._save(authorisation, operation)
        return operation

    def capture(self, change: Change) -> Operation:
        """Takes held money, whole or in part, once; the rest is released."""
        with self.books.transaction():
            authorisation = self._authorisation(change.merchant, change.txn, change.currency)
            self._refuse_duplicate(change.merchant, change.reference)
            code = self._refused(authorisation, "HELD", change.amount, authorisation.held)
            code = code or cards.thaw(authorisation.behaviour).capture_code
            if code == codes.APPROVED:
                authorisation.taken, authorisation.held, authorisation.state = change.amount, 0, "TAKEN"
            return self._change("CAPTURE", authorisation, change, code)

    def refund(self, change: Change) -> Operation:
        """Gives taken money back, in as many parts as the merchant likes, never more than is left."""
        with self.books.transaction():
            authorisation = self._authorisation(change.merchant, change.txn, change.currency)
            self._refuse_duplicate(change.merchant, change.reference)
            left = authorisation.taken - authorisation.returned - authorisation.disputed
            code = self._refused(authorisation, "TAKEN", change.amount, left)
            code = code or cards.thaw(authorisation.behaviour).refund_code
            if code == codes.APPROVED:
                authorisation.returned += change.amount
            return self._change("REFUND", authorisation, change, code)

    def void(self, change: Change) -> Operation:
        """Releases held money; stops an authorisation under way; closes an unknown original reference for ever."""
        with self.books.transaction():
            self._refuse_duplicate(change.merchant, change.reference)
            original = self.books.operation(change.merchant, change.original) if change.original else None
            txn = change.txn or (original.txn if original else None)
            if txn is None:
                return self._close_reference(change, known=original is not None)
            opening = self._opening(change.merchant, txn)
            authorisation = self._authorisation(change.merchant, txn)
            if opening.result in (CHALLENGE, PENDING):
                self._decide(authorisation, opening, codes.CANCELLED_BY_MERCHANT)
                self.books.update(opening)
                return self._change("VOID", authorisation, change, codes.APPROVED)
            if authorisation.state != "HELD":
                return self._change("VOID", authorisation, change, codes.WRONG_STATE)
            authorisation.held, authorisation.state = 0, "RELEASED"
            return self._change("VOID", authorisation, change, codes.APPROVED)

    def look_up(self, merchant: str, reference: str) -> Operation:
        """The operation of that reference as it stands; Refusal 404 when the bank never saw it."""
        operation = self.books.operation(merchant, reference)
        if operation is None:
            raise Refusal(404, codes.NOT_FOUND, "reference")
        with self.books.transaction():
            return self._advanced(operation)

    def look_up_txn(self, merchant: str, txn: str) -> Operation:
        """The opening operation of an authorisation; Refusal 404 when there is none of that id."""
        with self.books.transaction():
            return self._opening(merchant, txn)

    def receipt(self, operation: Operation) -> dict[str, Any]:
        """The operation as the protocol shows it."""
        authorisation = self.books.authorisation(operation.txn) if operation.txn else None
        return wire.receipt(operation, authorisation, self.acs_url)

    # ------------------------------------------------------------------ what others do

    def authenticate(self, creq: str, passed: bool) -> Authorisation | None:
        """The payer answered on the page. The first answer stands; None for a page that is closed or never was."""
        with self.books.transaction():
            authorisation = self.books.authorisation_by_creq(creq)
            if authorisation is None or authorisation.state != "WAITING":
                return None
            if authorisation.cres is None:
                fails = cards.thaw(authorisation.behaviour).authentication == cards.CHALLENGE_FAILED
                authorisation.authentication = "Y" if passed and not fails else "N"
                authorisation.cres = secrets.token_urlsafe(24)
                self.books.update(authorisation)
        return authorisation

    def dispute(self, merchant: str, txn: str, amount: int, levy: int, reason: str) -> Dispute:
        """A cardholder disputes taken money; the merchant is told. Refusal when less is left than that."""
        with self.books.transaction():
            authorisation = self._authorisation(merchant, txn)
            left = authorisation.taken - authorisation.returned - authorisation.disputed
            code = self._refused(authorisation, "TAKEN", amount, left)
            if code:
                raise Refusal(409, code)
            dispute = Dispute(f"D{self._serial()}", txn, amount, levy, reason, self.now())
            authorisation.disputed += amount
            self.books.insert(dispute)
            self.books.update(authorisation)
            self._queue(authorisation, "DISPUTE", wire.dispute_view(dispute, authorisation), self.now())
        return dispute

    def run_due(self) -> None:
        """Brings about everything whose moment has come."""
        for operation in self.books.due_operations(self.now()):
            with self.books.transaction():
                self._advanced(operation)

    def settle(self, operation: Operation) -> Operation:
        """Decides a pending operation now: the slow answer is ready."""
        with self.books.transaction():
            current = self.books.authorising_operation(operation.id)
            return self._step(current) if current.due_step == DECIDE else current

    # ------------------------------------------------------------------ steps of an authorisation

    def _open(self, order: Order, behaviour: cards.Behaviour, trace: str | None) -> Operation:
        operation = self._operation("AUTHORISATION", order.merchant, order.reference, order.amount, order.currency)
        operation.txn = operation.id
        authorisation = Authorisation(
            txn=operation.id,
            merchant=order.merchant,
            reference=order.reference,
            card=f"{order.number[:6]}******{order.number[-4:]}",
            currency=order.currency,
            amount=order.amount,
            take_at_once=order.capture_now,
            behaviour=cards.freeze(behaviour),
            return_url=order.return_url,
            notify_url=order.notify_url,
            trace=trace,
        )
        self._first_step(authorisation, operation, order, behaviour)
        self.books.insert(authorisation)
        self.books.insert(operation)
        return operation

    def _first_step(
        self, authorisation: Authorisation, operation: Operation, order: Order, behaviour: cards.Behaviour
    ) -> None:
        if self._expired(order.expiry):
            self._decide(authorisation, operation, codes.EXPIRED_CARD)
        elif order.payer_present and behaviour.authentication != cards.NO_AUTHENTICATION:
            self._ask_payer(authorisation, operation, behaviour)
        elif behaviour.timing == cards.AT_ONCE:
            self._decide(authorisation, operation)
        else:
            self._wait(operation, PENDING, codes.IN_PROGRESS, DECIDE, self._pending_ms(behaviour.timing))

    def _ask_payer(self, authorisation: Authorisation, operation: Operation, behaviour: cards.Behaviour) -> None:
        if behaviour.authentication not in cards.CHALLENGES:
            passed = behaviour.authentication == cards.FRICTIONLESS
            authorisation.authentication = "Y" if passed else "N"
            self._decide(authorisation, operation, None if passed else codes.AUTHENTICATION_FAILED)
        elif authorisation.return_url is None:
            self._decide(authorisation, operation, codes.AUTHENTICATION_REQUIRED)
        else:
            authorisation.creq = secrets.token_urlsafe(24)
            self._wait(operation, CHALLENGE, codes.AUTHENTICATION_ASKED, EXPIRE, self._delays.challenge_ms)

    def _wait(self, operation: Operation, result: str, code: str, step: str, delay_ms: int) -> None:
        operation.result, operation.code = result, code
        operation.due_step, operation.due_at = step, self.now() + delay_ms

    def _pending_ms(self, timing: str) -> int:
        delays = {cards.SLOW: self._delays.slow_ms, cards.STUCK: self._delays.stuck_ms}
        return delays.get(timing, self._delays.pending_ms)

    def _decide(self, authorisation: Authorisation, operation: Operation, code: str | None = None) -> None:
        """Ends the authorisation with `code`, or with the card's own verdict."""
        behaviour = cards.thaw(authorisation.behaviour)
        operation.due_at = operation.due_step = None
        operation.code, operation.detail = (code, None) if code else (behaviour.code, behaviour.detail)
        if operation.code != codes.APPROVED:
            operation.result, authorisation.state = DECLINED, "DECLINED"
        elif behaviour.notice == cards.CONTRADICTING:
            self._wait(operation, DECLINED, codes.DO_NOT_HONOUR, RECONSIDER, self._delays.late_ms)
            authorisation.state = "DECLINED"
        else:
            self._approve(authorisation, operation)
        if behaviour.notice == cards.LATE:
            self._tell(authorisation, operation, self.now() + self._delays.late_ms)
        elif behaviour.notice == cards.BEFORE_ANSWER:
            self._tell(authorisation, operation, self.now())

    def _approve(self, authorisation: Authorisation, operation: Operation) -> None:
        operation.result, operation.code, operation.detail = APPROVED, codes.APPROVED, None
        operation.rrn = f"R{self._era}{base36(operation.number, 5)}"
        operation.approval = base36(operation.number * 7_919 + 104_729, 6)
        authorisation.held, authorisation.state = authorisation.amount, "HELD"
        if authorisation.take_at_once:
            authorisation.taken, authorisation.held, authorisation.state = authorisation.amount, 0, "TAKEN"

    def _advanced(self, operation: Operation) -> Operation:
        """The operation after what fell due by now."""
        due = operation.due_at is not None and operation.due_at <= self.now()
        return self._step(operation) if due else operation

    def _step(self, operation: Operation) -> Operation:
        authorisation = self.books.authorisation(operation.txn)
        step = operation.due_step
        if step == RECONSIDER:
            operation.due_at = operation.due_step = None
            self._approve(authorisation, operation)
        else:
            self._decide(authorisation, operation, codes.AUTHENTICATION_NOT_FINISHED if step == EXPIRE else None)
        self._save(authorisation, operation)
        notice = cards.thaw(authorisation.behaviour).notice
        if step == RECONSIDER or notice in (cards.ONCE, cards.TWICE):
            self._tell(authorisation, operation, self.now())
        return operation

    # ------------------------------------------------------------------ small steps

    def _operation(
        self, kind: str, merchant: str, reference: str | None, amount: int | None, currency: str | None
    ) -> Operation:
        number = self.books.next_number()
        return Operation(
            number=number,
            id=f"T{self._era}{base36(number, 5)}",
            kind=kind,
            merchant=merchant,
            reference=reference,
            txn=None,
            amount=amount,
            currency=currency,
            result=PENDING,
            code=codes.IN_PROGRESS,
            created_at=self.now(),
        )

    def _change(self, kind: str, authorisation: Authorisation, change: Change, code: str) -> Operation:
        """Writes a capture, refund or void with its outcome."""
        operation = self._operation(kind, change.merchant, change.reference, change.amount, authorisation.currency)
        operation.txn, operation.code = authorisation.txn, code
        operation.result = APPROVED if code == codes.APPROVED else DECLINED
        operation.rrn = f"R{self._era}{base36(operation.number, 5)}"
        self.books.insert(operation)
        self.books.update(authorisation)
        return operation

    def _close_reference(self, change: Change, known: bool) -> Operation:
        """The bank never saw the original: from now on it would refuse it as a duplicate."""
        if change.original is None:
            raise Refusal(404, codes.NOT_FOUND, "txn")
        closed = self._operation("AUTHORISATION", change.merchant, change.original, None, None)
        closed.result, closed.code = DECLINED, codes.CANCELLED_BY_MERCHANT
        if not known:
            self.books.insert(closed)
        operation = self._operation("VOID", change.merchant, change.reference, None, None)
        operation.result, operation.code = APPROVED, codes.APPROVED
        self.books.insert(operation)
        return operation

    def _refuse_duplicate(self, merchant: str, reference: str) -> None:
        first = self.books.operation(merchant, reference)
        if first is not None:
            raise Refusal(409, codes.DUPLICATE_REFERENCE, "reference", self.receipt(first))

    def _refused(self, authorisation: Authorisation, state: str, amount: int, left: int) -> str | None:
        if authorisation.state != state:
            return codes.WRONG_STATE
        return codes.AMOUNT_BEYOND_BALANCE if amount > left else None

    def _authorisation(self, merchant: str, txn: str | None, currency: str | None = None) -> Authorisation:
        authorisation = self.books.authorisation(txn) if txn else None
        if authorisation is None or authorisation.merchant != merchant:
            raise Refusal(404, codes.NOT_FOUND, "txn")
        if currency not in (None, authorisation.currency):
            raise Refusal(400, codes.FORMAT_ERROR, "currency")
        return authorisation

    def _opening(self, merchant: str, txn: str) -> Operation:
        """The operation that opened the authorisation, after what fell due by now."""
        operation = self.books.authorising_operation(txn)
        if operation is None or operation.merchant != merchant or operation.kind != "AUTHORISATION":
            raise Refusal(404, codes.NOT_FOUND, "txn")
        return self._advanced(operation)

    def _save(self, authorisation: Authorisation, operation: Operation) -> None:
        self.books.update(authorisation)
        self.books.update(operation)

    def _tell(self, authorisation: Authorisation, operation: Operation, due_at: int) -> None:
        """Queues the notices that the card's behaviour wants of a finished authorisation."""
        copies = NOTICE_COPIES[cards.thaw(authorisation.behaviour).notice]
        view = wire.receipt(operation, authorisation, self.acs_url)
        self._queue(authorisation, "AUTHORISATION", view, due_at, copies)

    def _queue(
        self, authorisation: Authorisation, event: str, view: Mapping[str, Any], due_at: int, copies: int = 1
    ) -> None:
        """Copies are calls of their own that say the same: the merchant sees one notice twice."""
        if authorisation.notify_url is None:
            return
        notice = f"N{self._serial()}"
        body = orjson.dumps({"notice": notice, "event": event, "merchant": authorisation.merchant, **view})
        for copy in range(copies):
            self.books.insert(Notice(f"{notice}-{copy}", authorisation.notify_url, body, authorisation.trace, due_at))

    def _expired(self, expiry: str) -> bool:
        """`expiry` is YYMM; a card is good to the last day of its month."""
        today = self._clock().astimezone(UTC)
        return expiry < f"{today.year % 100:02d}{today.month:02d}"

    def _serial(self) -> str:
        return f"{self._era}{secrets.token_hex(5).upper()}"


def base36(number: int, length: int) -> str:
    """`number` in digits and capitals, exactly `length` of them: the highest are cut, missing ones are 0."""
    out = ""
    for _ in range(length):
        number, rest = divmod(number, 36)
        out = DIGITS[rest] + out
    return out
