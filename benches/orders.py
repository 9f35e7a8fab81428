"""Plays merchants and payers over HTTP: an invoice, a card tokenized, a payment, and looking until the invoice is paid.

    python -m benches.orders '{"api": 8082, "tokens": 8092, "api_key": "...", "shop": "TESTSHOP", "payers": 32,
                               "seconds": 20}'

A closed loop of so many payers; with `per_s` orders begin at that pace whatever became of earlier ones. A process of
its own, so that what the load costs is seen apart from what it measures. Writes one JSON line: latencies in
milliseconds by step, the statuses of answers, what broke, and the invoices whose payment was acknowledged.
"""

import asyncio
import json
import random
import re
import resource
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import uvloop

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
STEPS = ("invoice", "resource", "payment", "paid", "whole")
PAID_S_MAX = 90.0
CONNECTIONS_MAX = 900
"""Of the gateway's, one process of which holds a thousand."""

CARD = {"paymentToolType": "CardData", "cardNumber": "4242424242424242", "expDate": "12/30", "cvv": "123"}
RESOURCE = orjson.dumps({"paymentTool": CARD, "clientInfo": {"fingerprint": "bench"}})


class Refused(Exception):
    """The gateway answered something else than was hoped for."""


class Line(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.received = b""
        self.answered: asyncio.Future[tuple[int, bytes]] | None = None

    def ask(self, head: bytes, token: bytes, body: bytes = b"") -> asyncio.Future:
        """The status and the body that are to come. `head`: the request line."""
        self.answered = asyncio.get_running_loop().create_future()
        typed = b"content-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n" % len(body) if body else b""
        self.transport.write(
            b"%b HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %b\r\nx-request-id: %032x\r\n%b\r\n%b"
            % (head, token, random.getrandbits(128), typed, body)
        )
        return self.answered

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self.received = b""
        self.answered.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(ConnectionError("the gateway closed the connection"))


class Lines:
    """Connections to one port, made when they are needed, lent for one request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: deque[Line] = deque()
        self.room = asyncio.Semaphore(CONNECTIONS_MAX)

    async def ask(self, head: bytes, token: bytes, body: bytes = b"") -> tuple[int, bytes]:
        async with self.room:
            line = self.idle.pop() if self.idle else await self.made()
            answer = await line.ask(head, token, body)
            if line.transport.is_closing():
                return answer
            self.idle.append(line)
            return answer

    async def made(self) -> Line:
        return (await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self.port))[1]


class Market:
    """The orders, and what became of them."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.api, self.tokens = Lines(asked["api"]), Lines(asked["tokens"])
        self.api_key = asked["api_key"].encode()
        self.look_s: float = asked.get("look_s", 0.3)
        self.waits_for_paid: bool = asked.get("waits_for_paid", True)
        self.order_body = order_body(asked["shop"])
        self.ms: dict[str, list[float]] = {step: [] for step in STEPS}
        self.statuses: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.invoices: list[str] = []
        self.paying: list[str] = []

    async def step(self, name: str, lines: Lines, *request: bytes) -> dict[str, Any]:
        """One timed request. Raises Refused."""
        began = time.perf_counter()
        status, body = await lines.ask(*request)
        self.statuses[f"{name} {status}"] += 1
        if status != 201:
            raise Refused(status)
        self.ms[name].append((time.perf_counter() - began) * 1000)
        return orjson.loads(body)

    async def order(self) -> None:
        """One order to its end; what goes wrong is counted."""
        try:
            await self.played()
        except Refused:
            pass
        except (OSError, TimeoutError) as failure:
            self.broken[f"{type(failure).__name__}: {failure}"] += 1

    async def played(self) -> None:
        began = time.perf_counter()
        made = await self.step("invoice", self.api, b"POST /v2/processing/invoices", self.api_key, self.order_body)
        token, invoice_id = made["invoiceAccessToken"]["payload"].encode(), made["invoice"]["id"]
        self.invoices.append(invoice_id)
        card = await self.step("resource", self.tokens, b"POST /v2/processing/payment-resources", token, RESOURCE)
        path = b"/v2/processing/invoices/" + invoice_id.encode()
        began_paying = time.perf_counter()
        await self.step("payment", self.api, b"POST %b/payments" % path, token, payment_body(card))
        self.paying.append(invoice_id)
        if self.waits_for_paid:
            await self.paid(path, token)
            self.ms["paid"].append((time.perf_counter() - began_paying) * 1000)
            self.ms["whole"].append((time.perf_counter() - began) * 1000)

    async def paid(self, path: bytes, token: bytes) -> None:
        ends_at = time.monotonic() + PAID_S_MAX
        while time.monotonic() < ends_at:
            await asyncio.sleep(self.look_s)
            status, body = await self.api.ask(b"GET " + path, token)
            if status == 200 and b'"status":"paid"' in body:
                return
            if status != 200:
                self.statuses[f"look {status}"] += 1
        raise TimeoutError("an invoice was not paid in time")

    def report(self, seconds: float) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "seconds": seconds,
            "ms": self.ms,
            "statuses": self.statuses,
            "broken": self.broken,
            "invoices": self.invoices,
            "paying": self.paying,
            "cpu_s": used.ru_utime + used.ru_stime,
        }


def order_body(shop: str) -> bytes:
    due = datetime.now(UTC) + timedelta(days=1)
    line = {"product": "Tea, 100 g", "quantity": 2, "price": 4000}
    return orjson.dumps(
        {
            "shopID": shop,
            "dueDate": due.isoformat(timespec="milliseconds"),
            "currency": "RUB",
            "product": "Order",
            "cart": [line, {"product": "Delivery", "quantity": 1, "price": 2000}],
            "metadata": {},
        }
    )


def payment_body(card: dict[str, Any]) -> bytes:
    payer = {
        "payerType": "PaymentResourcePayer",
        "paymentToolToken": card["paymentToolToken"],
        "paymentSession": card["paymentSession"],
        "contactInfo": {"email": "payer@example.com"},
    }
    return orjson.dumps({"flow": {"type": "PaymentFlowInstant"}, "payer": payer})


async def play(asked: dict[str, Any]) -> dict[str, Any]:
    """The whole load, to the end of every order that was begun in time."""
    market, began = Market(asked), time.monotonic()
    ends_at = began + asked["seconds"]

    async def customer() -> None:
        while time.monotonic() < ends_at:
            await market.order()

    if asked.get("per_s"):
        await at_pace(market, asked["per_s"], asked["seconds"])
    else:
        await asyncio.gather(*(customer() for _ in range(asked["payers"])))
    return market.report(time.monotonic() - began)


async def at_pace(market: Market, per_s: float, seconds: float) -> None:
    """Orders begin when they are due; those that are late begin at once."""
    began, tasks = time.monotonic(), []
    for number in range(int(per_s * seconds)):
        pause_s = began + number / per_s - time.monotonic()
        if pause_s > 0.001:
            await asyncio.sleep(pause_s)
        elif number % 64 == 0:
            await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(market.order()))
    await asyncio.gather(*tasks)


def main() -> None:
    with suppress(KeyboardInterrupt):
        sys.stdout.write(json.dumps(uvloop.run(play(json.loads(sys.argv[1])))) + "\n")


if __name__ == "__main__":
    main()
