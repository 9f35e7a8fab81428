"""The bank's HTTP face: its protocol in one table.

Every request but those of /acs carries `X-Api-Key`, and may carry `X-Correlation-Id` (or a W3C `traceparent`): it is
found again in the bank's log and on its notices. JSON in and out; amounts are decimal strings with the currency's
decimals, currencies are ISO 4217 numbers ("12.34", "643"). Every operation carries the merchant's own `reference`,
unique over all operations of the merchant for ever: a second request under it changes nothing and gets 409 with the
`first`. What the bank decided is in `result` (APPROVED, DECLINED, CHALLENGE, PENDING) and `code`; all these answers
are HTTP 200. A request that cannot be served is 4xx with `result` REFUSED.

    POST /gateway/v1/authorisations                    hold, or hold and take (`capture`: "later" or "now")
    POST /gateway/v1/authorisations/{txn}/completion   {merchant, cres}: the payer is back from the challenge
    POST /gateway/v1/captures                          take held money, once, the rest is released
    POST /gateway/v1/refunds                           give taken money back
    POST /gateway/v1/voids                             release; by `txn`, or by `originalReference` even if unknown here
    GET  /gateway/v1/authorisations/{txn}?merchant=    look up by the bank's id
    GET  /gateway/v1/operations?merchant=&reference=   look up by the merchant's reference
    GET  /books                                        everything the bank holds and did, for tests
    POST /operator/chargebacks                         {merchant, txn, amount, currency, levy, reason}: a dispute
    GET  /acs, POST /acs, POST /acs/answer             the payer's page, see `acs.py`
"""

import asyncio
import contextlib
import hmac
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from processing.banks.mock import acs, cards, codes, delivery, wire
from processing.banks.mock.bank import Bank
from processing.banks.mock.books import Authorisation, Books, Operation
from processing.banks.mock.clockwork import Clockwork
from processing.banks.mock.config import Config
from processing.banks.mock.notices import Courier, Post, post_once
from processing.banks.mock.wire import Refusal
from settings.clock import Clock, system_clock
from telemetry import log, metrics

LISTING_MAX = 10_000
CORRELATION_ID = re.compile(r"[A-Za-z0-9:._-]{1,64}")
ANSWERED = metrics.counter("mock_bank_requests", "Requests by kind and outcome", ("operation", "outcome"))

Handler = Callable[[Request], Awaitable[Response]]


def create_app(config: Config, clock: Clock = system_clock, post: Post = post_once) -> Starlette:
    """The bank as an ASGI application, its books open; the lifespan starts its clockwork and closes the books.

    `app.state` shows `bank` and `clockwork` to whoever drives the bank by hand.
    """
    books = Books(config.database)
    bank = Bank(books, config, clock)
    desk = Desk(bank, Clockwork(bank, Courier(books, config, clock, post)), config)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.clockwork.start()
        yield
        await desk.clockwork.stop()
        books.close()

    app = Starlette(routes=routes(desk), lifespan=lifespan)
    app.state.bank, app.state.clockwork = bank, desk.clockwork
    return app


def routes(desk: "Desk") -> list[Route]:
    gateway = "/gateway/v1"
    table: tuple[tuple[str, str, str, Handler], ...] = (
        ("POST", f"{gateway}/authorisations", "authorise", desk.authorise),
        ("GET", f"{gateway}/operations", "look_up", desk.look_up),
        ("POST", f"{gateway}/captures", "capture", desk.capture),
        ("POST", f"{gateway}/refunds", "refund", desk.refund),
        ("POST", f"{gateway}/voids", "void", desk.void),
        ("POST", f"{gateway}/authorisations/{{txn}}/completion", "complete", desk.complete),
        ("GET", f"{gateway}/authorisations/{{txn}}", "look_up_txn", desk.look_up_txn),
        ("GET", "/books", "books", desk.show_books),
        ("POST", "/operator/chargebacks", "chargeback", desk.open_dispute),
    )
    return [
        *(Route(path, desk.guarded(name, handler), methods=[method]) for method, path, name, handler in table),
        Route("/acs", partial(acs.show, bank=desk.bank), methods=["GET", "POST"]),
        Route("/acs/answer", partial(acs.answer, bank=desk.bank), methods=["POST"]),
    ]


class Desk:
    """Where requests are taken: reads them, asks the bank, answers as the card wants."""

    def __init__(self, bank: Bank, clockwork: Clockwork, config: Config) -> None:
        self.bank = bank
        self.clockwork = clockwork
        self._api_key = config.api_key.encode()
        self._delays_s = {cards.SLOW: config.delays.slow_ms / 1000, cards.STUCK: config.delays.stuck_ms / 1000}

    def guarded(self, name: str, handler: Handler) -> Handler:
        """Checks the key, answers refusals, writes one log line."""

        async def handle(request: Request) -> Response:
            started = time.perf_counter()
            with log.bound(trace_id=trace_id_of(request)):
                try:
                    self._check_key(request)
                    response = await handler(request)
                except Refusal as refusal:
                    response = delivery.json_answer(refusal.body, refusal.status)
                answered = "dropped" if isinstance(response, delivery.HangUp) else response.status_code
                ANSWERED.labels(name, str(answered)).inc()
                duration_ms = round((time.perf_counter() - started) * 1000, 2)
                log.info("mock_bank.request", operation=name, status=answered, duration_ms=duration_ms)
            return response

        return handle

    def _check_key(self, request: Request) -> None:
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._api_key):
            raise Refusal(401, codes.SECURITY_VIOLATION, "X-Api-Key")

    async def authorise(self, request: Request) -> Response:
        order = wire.read_order(await request.body())
        behaviour = cards.behaviour_of(order.number)
        operation = self.bank.authorise(order, behaviour, trace_id_of(request))
        if operation is None:
            return delivery.untouched(behaviour.delivery)
        if operation.due_step is not None and behaviour.timing in self._delays_s:
            await asyncio.sleep(self._delays_s[behaviour.timing])
            operation = self.bank.settle(operation)
        if behaviour.notice == cards.BEFORE_ANSWER:
            await self.clockwork.deliver_now()
        if behaviour != cards.UNLISTED:
            self.clockwork.wake()
        asked = operation.result == "CHALLENGE"
        return delivery.deliver(self.bank.receipt(operation), cards.WHOLE if asked else behaviour.delivery)

    async def complete(self, request: Request) -> Response:
        read = wire.read_object(await request.body())
        merchant, cres = wire.matching(read, "merchant", wire.MERCHANT), wire.matching(read, "cres", wire.REFERENCE)
        before = self.bank.look_up_txn(merchant, request.path_params["txn"])
        operation = self.bank.complete(merchant, before.id, cres)
        self.clockwork.wake()
        first_time = before.result != operation.result
        return self._answered(operation, "delivery" if first_time else None)

    async def capture(self, request: Request) -> Response:
        change = wire.read_change(await request.body(), money_needed=True)
        return self._answered(self.bank.capture(change), "capture_delivery")

    async def refund(self, request: Request) -> Response:
        change = wire.read_change(await request.body(), money_needed=True)
        return self._answered(self.bank.refund(change), "refund_delivery")

    async def void(self, request: Request) -> Response:
        change = wire.read_change(await request.body(), money_needed=False)
        return self._answered(self.bank.void(change), "void_delivery")

    def _answered(self, operation: Operation, delivery_of: str | None) -> Response:
        """The receipt, spoiled as the card's behaviour says for this kind of operation."""
        authorisation = self.bank.books.authorisation(operation.txn) if operation.txn else None
        behaviour = cards.thaw(authorisation.behaviour if authorisation else None)
        spoiled = getattr(behaviour, delivery_of) if delivery_of else cards.WHOLE
        return delivery.deliver(self.bank.receipt(operation), spoiled)

    async def look_up(self, request: Request) -> Response:
        asked = request.query_params
        operation = self.bank.look_up(asked.get("merchant", ""), asked.get("reference", ""))
        return delivery.json_answer(self.bank.receipt(operation))

    async def look_up_txn(self, request: Request) -> Response:
        operation = self.bank.look_up_txn(request.query_params.get("merchant", ""), request.path_params["txn"])
        return delivery.json_answer(self.bank.receipt(operation))

    async def open_dispute(self, request: Request) -> Response:
        read = wire.read_object(await request.body())
        dispute = self.bank.dispute(
            merchant=wire.matching(read, "merchant", wire.MERCHANT),
            txn=wire.matching(read, "txn", wire.REFERENCE),
            amount=wire.amount_of(read),
            levy=wire.amount_of(read, "levy"),
            reason=wire.matching(read, "reason", wire.TEXT),
        )
        self.clockwork.wake()
        return delivery.json_answer(wire.dispute_view(dispute, self.bank.books.authorisation(dispute.txn)))

    async def show_books(self, request: Request) -> Response:
        """Amounts are minor units here: this is the bank's own ledger, not its protocol. ?reference= ?limit="""
        reference, limit = request.query_params.get("reference"), request.query_params.get("limit", "1000")
        most = min(int(limit), LISTING_MAX) if limit.isdecimal() else 0
        return delivery.json_answer(books_view(self.bank.books, most, reference))


def books_view(books: Books, limit: int, reference: str | None) -> dict[str, Any]:
    """Everything, newest first; `requests` counts authorisation requests by reference, dropped ones among them."""
    totals = ("authorisations", "held", "taken", "returned", "disputed")
    return {
        "authorisations": [without_tokens(row) for row in books.listing(Authorisation, limit, reference)],
        "operations": [asdict(row) for row in books.listing(Operation, limit, reference)],
        "disputes": [asdict(row) for row in books.disputes(limit)],
        "notices": [
            {"id": row.id, "outcome": row.outcome, "attempts": row.attempts, "body": row.body.decode()}
            for row in books.notices(limit)
        ],
        "requests": books.visits(limit, reference),
        "totals": {currency: dict(zip(totals, sums, strict=True)) for currency, *sums in books.totals()},
        "counts": [{"operation": kind, "result": result, "count": count} for kind, result, count in books.counts()],
    }


def without_tokens(row: Authorisation) -> dict[str, Any]:
    """The row without what would let its reader answer the challenge."""
    return {name: value for name, value in asdict(row).items() if name not in ("creq", "cres", "behaviour")}


def trace_id_of(request: Request) -> str | None:
    """What the merchant calls the chain of work that this request belongs to."""
    given = request.headers.get("x-correlation-id")
    if given and CORRELATION_ID.fullmatch(given):
        return given
    parts = request.headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) >= 4 and CORRELATION_ID.fullmatch(parts[1]) else None
