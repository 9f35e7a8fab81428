"""python -m benches.whole_path [--seconds N] [--payers N]: from an order to a captured payment, every process real.

Starts the default profile (`deploy.all_in_one`) in a state of its own and plays merchants and payers over HTTP: an
invoice, a card tokenized, a payment, and looking until the invoice is paid. The simulated bank answers at once, so all
time is ours. First one payer alone, for our own overhead; then many, for invoices paid a second and what a second of
processor time buys. Load and platform share the machine: the figures are those of the whole machine.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httptools
import uvloop

from benches.servers import HOME, ROOT, TICKS_S, family, free_port, stat
from console.seed import SHOP

PORTS = ("GATEWAY_V2", "GATEWAY_V2_TOKENS", "PROCESSING", "VAULT", "WORKERS", "MOCK_BANK")
READY = "Stop with Ctrl-C"
LOOK_S = 0.05
LOOK_ALONE_S = 0.002
PAID_S_MAX = 60.0
CARD = {"paymentToolType": "CardData", "cardNumber": "4242424242424242", "expDate": "12/30", "cvv": "123"}


class Line(asyncio.Protocol):
    """One kept-alive connection to a gateway, one request at a time."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.answered: asyncio.Future[tuple[int, bytes]] | None = None

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of the answer."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "host: localhost",
            f"authorization: Bearer {token}",
            f"x-request-id: {secrets.token_hex(12)}",
        ]
        if body is not None:
            lines += ["content-type: application/json; charset=utf-8", f"content-length: {len(data)}"]
        self.answered = asyncio.get_running_loop().create_future()
        self.parser, self.parts = httptools.HttpResponseParser(self), []
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return await self.answered

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        self.answered.set_result((self.parser.get_status_code(), b"".join(self.parts)))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(ConnectionError("the gateway closed the connection"))


class Figures:
    """What became of the orders."""

    def __init__(self) -> None:
        self.steps_ms: dict[str, list[float]] = {"invoice": [], "resource": [], "payment": [], "paid": [], "whole": []}
        self.refused: dict[int, int] = {}

    def add(self, step: str, began: float) -> None:
        self.steps_ms[step].append((time.perf_counter() - began) * 1000)

    def lines(self) -> list[str]:
        shown = [f"{'step':>10} {'count':>7} {'p50 ms':>8} {'p99 ms':>8}"]
        for step, values in self.steps_ms.items():
            if ordered := sorted(values):
                middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
                shown.append(f"{step:>10} {len(ordered):>7} {middle:>8.1f} {late:>8.1f}")
        return shown


class Payer:
    """A merchant with one payer: makes an order, pays it, looks until it is paid."""

    def __init__(self, api: Line, tokens: Line, api_key: str, figures: Figures, look_s: float) -> None:
        self.api, self.tokens, self.api_key, self.figures, self.look_s = api, tokens, api_key, figures, look_s

    async def ask(self, line: Line, step: str, *request: Any) -> dict[str, Any]:
        """One timed request; a refusal is counted and ends the order."""
        began = time.perf_counter()
        status, body = await line.ask(*request)
        if status != 201:
            self.figures.refused[status] = self.figures.refused.get(status, 0) + 1
            raise LookupError(f"{step}: {status} {body[:200]!r}")
        self.figures.add(step, began)
        return json.loads(body)

    async def order(self) -> None:
        """One order to its end. LookupError when a step is refused, TimeoutError when it is not paid in time."""
        began = time.perf_counter()
        made = await self.ask(self.api, "invoice", "POST", "/v2/processing/invoices", self.api_key, new_order())
        token, invoice_id = made["invoiceAccessToken"]["payload"], made["invoice"]["id"]
        resource = await self.ask(
            self.tokens,
            "resource",
            "POST",
            "/v2/processing/payment-resources",
            token,
            {"paymentTool": CARD, "clientInfo": {"fingerprint": "bench"}},
        )
        path = f"/v2/processing/invoices/{invoice_id}"
        began_paying = time.perf_counter()
        await self.ask(self.api, "payment", "POST", f"{path}/payments", token, payment_by(resource))
        await self.paid(path, token)
        self.figures.add("paid", began_paying)
        self.figures.add("whole", began)

    async def paid(self, path: str, token: str) -> None:
        ends_at = time.monotonic() + PAID_S_MAX
        while time.monotonic() < ends_at:
            _, body = await self.api.ask("GET", path, token)
            if json.loads(body).get("status") == "paid":
                return
            await asyncio.sleep(self.look_s)
        raise TimeoutError(path)


def new_order() -> dict[str, Any]:
    due = datetime.now(UTC) + timedelta(days=1)
    line = {"product": "Tea, 100 g", "quantity": 2, "price": 4000}
    return {
        "shopID": SHOP,
        "dueDate": due.isoformat(timespec="milliseconds"),
        "currency": "RUB",
        "product": "Order",
        "cart": [line, {"product": "Delivery", "quantity": 1, "price": 2000}],
        "metadata": {},
    }


def payment_by(resource: dict[str, Any]) -> dict[str, Any]:
    payer = {
        "payerType": "PaymentResourcePayer",
        "paymentToolToken": resource["paymentToolToken"],
        "paymentSession": resource["paymentSession"],
        "contactInfo": {"email": "payer@example.com"},
    }
    return {"flow": {"type": "PaymentFlowInstant"}, "payer": payer}


class System:
    """The default profile with ports and a state of its own."""

    def __init__(self, state: Path) -> None:
        self.ports = {name: free_port() for name in PORTS}
        self.state = state
        told = {f"CAPI_{name}_PORT": str(port) for name, port in self.ports.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.all_in_one"],
            cwd=ROOT,
            env={**os.environ, **told, "CAPI_STATE_DIRECTORY": str(state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said = []
        for line in self.process.stdout:
            said.append(line)
            if READY in line:
                return
        raise RuntimeError("the system did not start:\n" + "".join(said))

    @property
    def api_key(self) -> str:
        return (self.state / "secrets/demo_api_key").read_text().strip()

    def cpu_s(self) -> dict[str, float]:
        """Processor time so far by process, as its command names it."""
        spent: dict[str, float] = {}
        for pid in family(self.process.pid)[1:]:
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                name = " ".join(word for word in command[1:] if word and word != "-m")
                spent[name] = spent.get(name, 0) + sum(map(int, stat(pid)[11:13])) / TICKS_S
        return spent

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


async def play(system: System, payers: int, seconds: float, look_s: float) -> tuple[Figures, float]:
    """Orders one after another by every payer, until the time is up; the figures and how long it took."""
    figures, loop = Figures(), asyncio.get_running_loop()

    async def line(port: str) -> Line:
        return (await loop.create_connection(Line, "127.0.0.1", system.ports[port]))[1]

    began = time.monotonic()

    async def orders() -> None:
        payer = Payer(await line("GATEWAY_V2"), await line("GATEWAY_V2_TOKENS"), system.api_key, figures, look_s)
        while time.monotonic() < began + seconds:
            with suppress(LookupError):
                await payer.order()

    await asyncio.gather(*(orders() for _ in range(payers)))
    return figures, time.monotonic() - began


def measured(system: System, run: Callable[[], Awaitable[tuple[Figures, float]]], title: str) -> None:
    """Plays and prints."""
    before = system.cpu_s()
    figures, seconds = uvloop.run(run())
    spent = {name: cpu_s - before.get(name, 0) for name, cpu_s in system.cpu_s().items()}
    paid = len(figures.steps_ms["paid"])
    ours_s = sum(cpu_s for name, cpu_s in spent.items() if "banks.mock" not in name)
    print(
        f"\n{title}: {paid} invoices paid in {seconds:.1f} s, {paid / seconds:.1f} a second; refused {figures.refused}"
    )
    print("\n".join(figures.lines()))
    print(
        f"processor time of the platform: {ours_s:.2f} s; one second buys {paid / max(ours_s, 0.01):.1f} paid invoices"
    )
    for name, cpu_s in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{cpu_s / max(paid, 1) * 1000:>10.2f} ms a paid invoice  {name}")


def main() -> None:
    command = argparse.ArgumentParser(prog="python -m benches.whole_path", description=__doc__.partition("\n")[0])
    command.add_argument("--seconds", type=float, default=20, help="of each part (default 20)")
    command.add_argument("--payers", type=int, default=32, help="at a time in the second part (default 32)")
    asked = command.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as directory:
        system = System(Path(directory) / "state")
        try:
            measured(system, lambda: play(system, 1, asked.seconds, LOOK_ALONE_S), "one payer alone")
            measured(system, lambda: play(system, asked.payers, asked.seconds, LOOK_S), f"{asked.payers} payers")
        finally:
            system.stop()


if __name__ == "__main__":
    main()
