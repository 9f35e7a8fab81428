"""What comes back from the bank: payers after the 3-D Secure page, and the bank's own signed notices.

    GET  /callbacks/mock/return/<tag>?creq=&cres=[&sessionData=][&trace=]   a payer's browser: sent on to the shop
    POST /callbacks/mock/notices                                            the bank: 200 once the platform knows

A return is handed to the session that waits under its tag; whether it is genuine the bank says when the adapter asks.
A notice is taken only with the bank's signature. Where no session waits for it, it is told to the platform as a
statement about the payment, and a dispute as a chargeback.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable
from html import escape
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from processing.banks import protocol
from processing.banks.mock_adapter import answers, failures, wire
from processing.banks.mock_adapter.connection import Keys
from rpc.client import BoundService
from rpc.context import Context
from rpc.failures import RpcFailure, Unexpected
from rpc.protocol import bank_adapter, base, domain
from settings.clock import Clock
from telemetry import log

SIGNATURE = re.compile(r"t=(\d{1,12}), hmac=([0-9a-f]{64})")
SIGNATURE_AGE_S_MAX = 300
NOTICE_BYTES_MAX = 65_536
RELOAD_S = "3"
TRACE = re.compile(r"[A-Za-z0-9:._-]{1,64}")
INTERNAL = {"user-identity.id": "bank-adapter-mock", "user-identity.realm": "internal"}
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
)
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'",
}

Host = Callable[[Context], BoundService]


def create_callbacks(host: Host, keys: Keys, clock: Clock) -> Starlette:
    """The ASGI app for every path below /callbacks/mock."""
    desk = Desk(host, keys, clock)
    return Starlette(
        routes=[
            Route("/callbacks/mock/return/{tag}", desk.payer_returned, methods=["GET"]),
            Route("/callbacks/mock/notices", desk.noticed, methods=["POST"]),
        ]
    )


class Desk:
    """Takes what comes in and passes it to the platform, in a thread: the calls to it block."""

    def __init__(self, host: Host, keys: Keys, clock: Clock) -> None:
        self._host = host
        self._keys = keys
        self._clock = clock

    async def payer_returned(self, request: Request) -> Response:
        """Sends the payer's browser on; a page where there is nowhere to send it."""
        said = {
            "kind": "return",
            **{name: request.query_params.get(name) for name in ("creq", "cres", wire.SESSION_DATA)},
        }
        context = context_of(request.query_params.get("trace"))
        with log.bound(trace_id=context.trace_id):
            return await asyncio.to_thread(self._hand_over, context, request.path_params["tag"], said)

    def _hand_over(self, context: Context, tag: str, said: dict[str, Any]) -> Response:
        try:
            response = self._host(context).ProcessPaymentCallback(tag, orjson.dumps(said))
        except bank_adapter.SessionNotFound:
            log.info("bank.return", outcome="nobody waits")
            return page(404, "Nothing is waiting for you here", "This payment is finished. Please go back to the shop.")
        except RpcFailure as failure:
            log.error("bank.return", outcome=failure.error_class, reason=failure.reason)
            return page(503, "One moment, please", "The shop is not ready yet. This page loads again by itself.")
        home = wire.read_object(response).get("redirect")
        log.info("bank.return", outcome="taken")
        if home is None:
            return page(200, "Thank you", "You may close this page and go back to the shop.")
        return RedirectResponse(home, 303, headers=HEADERS)

    async def noticed(self, request: Request) -> Response:
        """200 ends the bank's repeats; anything else asks for another."""
        body = await bounded_body(request)
        if body is None or not self._is_genuine(body, request.headers.get("x-notice-signature", "")):
            log.warning("bank.notice", outcome="refused")
            return Response(status_code=403)
        context = context_of(request.headers.get("x-correlation-id"))
        with log.bound(trace_id=context.trace_id):
            return Response(status_code=await asyncio.to_thread(self._take, context, body))

    def _is_genuine(self, body: bytes, header: str) -> bool:
        signature = SIGNATURE.fullmatch(header)
        if signature is None or abs(self._clock().timestamp() - int(signature[1])) > SIGNATURE_AGE_S_MAX:
            return False
        try:
            key = self._keys.notice_key()
        except RpcFailure:
            return False
        expected = hmac.new(key, signature[1].encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature[2])

    def _take(self, context: Context, body: bytes) -> int:
        """The HTTP status for the bank."""
        outcome, status = "taken", 200
        try:
            notice = wire.read_object(body)
            if notice.get("event") == "DISPUTE":
                self._host(context).OpenChargeback(chargeback(notice))
            else:
                self._tell(context, notice)
        except bank_adapter.SessionNotFound:
            outcome, status = "no such payment", 404
        except base.InvalidRequest as refused:
            outcome, status = f"refused: {'; '.join(refused.errors)}", 422
        except RpcFailure as failure:
            outcome, status = failure.error_class, 503
        (log.info if status == 200 else log.error)("bank.notice", outcome=outcome, status=status)
        return status

    def _tell(self, context: Context, notice: dict[str, Any]) -> None:
        """To the session that waits for it; else as a statement, for money may have moved after all was over."""
        told = statement(notice)
        packed = orjson.dumps({"kind": "notice", "result": notice["result"]})
        try:
            self._host(context).ProcessPaymentCallback(answers.notice_tag(told.reference), packed)
        except bank_adapter.SessionNotFound:
            self._host(context).NotifyPayment(told)


def statement(notice: dict[str, Any]) -> bank_adapter.BankStatement:
    """What the bank says of an authorisation. Raises Unexpected for what is no final word."""
    receipt = wire.receipt(notice)
    verdicts = {"APPROVED": bank_adapter.BankVerdict.APPROVED, "DECLINED": bank_adapter.BankVerdict.DECLINED}
    if receipt.operation != "AUTHORISATION" or receipt.result not in verdicts:
        raise Unexpected("a notice of something that the bank does not tell about", source="external")
    is_declined = receipt.result == "DECLINED"
    path = failures.path_of(receipt.code, receipt.detail)
    return bank_adapter.BankStatement(
        reference=receipt.reference,
        verdict=verdicts[receipt.result],
        transaction=wire.transaction(receipt),
        cash=cash_of(notice),
        failure=protocol.failure(path, receipt.text) if is_declined else None,
    )


def chargeback(notice: dict[str, Any]) -> bank_adapter.ChargebackNotice:
    """A dispute as the platform wants it. Raises Unexpected for another shape."""
    body, levy = cash_of(notice), cash_of({**notice, "amount": notice.get("levy")})
    if body is None or levy is None:
        raise Unexpected("a dispute without amounts", source="external")
    return bank_adapter.ChargebackNotice(
        reference=wire.text(notice, "reference"),
        external_id=wire.text(notice, "dispute"),
        body=body,
        levy=levy,
        reason_code=wire.maybe_text(notice, "reason"),
    )


def cash_of(notice: dict[str, Any]) -> domain.Cash | None:
    amount, currency = wire.cash_of(notice)
    return None if amount is None or currency is None else domain.Cash(amount=amount, currency=currency)


def context_of(trace: str | None) -> Context:
    """Under the trace that the payment began with, where it came back; as the platform itself."""
    return Context.root(trace_id=trace if trace and TRACE.fullmatch(trace) else None, meta=INTERNAL)


async def bounded_body(request: Request) -> bytes | None:
    """None for one that is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > NOTICE_BYTES_MAX:
            return None
    return body


def page(status: int, title: str, text: str) -> Response:
    """A page that says so; one that could not be helped now comes again by itself."""
    headers = {**HEADERS, "refresh": RELOAD_S} if status == 503 else HEADERS
    return HTMLResponse(PAGE.format(title=escape(title), text=escape(text)), status, headers=headers)
