"""Microseconds of processor time that the gateway itself takes for one createInvoice with two lines in its cart.

    .venv/bin/python tests/translator/measure_path.py [profile]

In one process, without sockets and without the platform: route, headers, cached token, validation, scope, call, check
and encoding of the answer, log line, metrics. The operation answers a ready value, so that what is measured is ours.
"""

import asyncio
import cProfile
import json
import pstats
import sys
import time
import types
from collections.abc import Awaitable, Callable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from gateway_kit import Platform, scope_of  # noqa: E402

from capi_v2.conventions import CONVENTIONS  # noqa: E402
from settings import load  # noqa: E402
from telemetry import log  # noqa: E402
from translator.access_tokens import AccessTokens  # noqa: E402
from translator.gateway import create_gateway  # noqa: E402
from translator.keyset import keyset_of  # noqa: E402
from translator.operation import operation  # noqa: E402
from translator.reply import created  # noqa: E402
from translator.revocations import Revocations  # noqa: E402
from translator.spec import argument_name, compile_operations, read_spec  # noqa: E402

SPEC = ROOT / "specs/v2/bundled.json"
REPEATS = 4_000
BATCHES = 9
BODY = json.dumps(
    {
        "shopID": "TEST-SHOP",
        "dueDate": "2030-01-01T00:00:00Z",
        "currency": "RUB",
        "product": "Order 12345",
        "description": "Two things and their delivery",
        "externalID": "order-12345",
        "metadata": {"order_id": "12345"},
        "cart": [
            {
                "product": "A thing",
                "quantity": 2,
                "price": 10000,
                "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "20%"},
            },
            {"product": "Delivery", "quantity": 1, "price": 5000},
        ],
    }
).encode()
INVOICE = {
    "id": "0ANcRqEvQHPTGLmrK",
    "shopID": "TEST-SHOP",
    "createdAt": "2026-03-01T12:00:00Z",
    "dueDate": "2030-01-01T00:00:00Z",
    "amount": 25000,
    "currency": "RUB",
    "product": "Order 12345",
    "metadata": {"order_id": "12345"},
    "status": "unpaid",
    "cart": [{"product": "A thing", "quantity": 2, "price": 10000, "cost": 20000}],
}


def operations() -> types.ModuleType:
    """A function for every operation of the spec; each answers a ready invoice."""
    module = types.ModuleType("measured_operations")

    async def answer(call: object, **arguments: object) -> object:
        return created({"invoice": INVOICE, "invoiceAccessToken": {"payload": "x" * 700}})

    for one in compile_operations(read_spec(SPEC)):
        name = argument_name(one.operation_id)

        async def served(call: object, **arguments: object) -> object:
            return await answer(call, **arguments)

        served.__name__, served.__module__ = name, module.__name__
        setattr(module, name, operation(scope="invoices:write", features={})(served))
    return module


def timed(name: str, work: Callable[[], Awaitable[object]], repeats: int) -> None:
    async def run() -> list[float]:
        batches = []
        for _ in range(BATCHES):
            began = time.process_time()
            for _ in range(repeats):
                await work()
            batches.append((time.process_time() - began) / repeats * 1e6)
        return sorted(batches)

    batches = asyncio.run(run())
    print(f"{name}: {batches[0]:.1f} us at best, {batches[BATCHES // 2]:.1f} us median of {BATCHES} batches")


def main() -> None:
    tokens = AccessTokens(keyset_of([], rsa.generate_private_key(65537, 2048)), Revocations.of())
    gateway = create_gateway(
        spec=SPEC,
        operations=[operations()],
        errors={},
        conventions=CONVENTIONS,
        rpc=Platform(),
        settings=load(env={}),
        tokens=tokens,
        revocations=Revocations.of(),
        responses="strict",
    )
    token, _ = tokens.issue(
        "party-1", ["party:read", "party:write", "invoices:write", "invoices:read"], lifetime_s=None
    )
    headers = [
        ("host", "api.example.com"),
        ("user-agent", "curl/8"),
        ("accept", "application/json"),
        ("authorization", f"Bearer {token}"),
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", str(len(BODY))),
        ("x-request-id", "order-12345-try-1"),
        ("x-request-deadline", "10s"),
    ]
    scope = scope_of("POST", b"/v2/processing/invoices", headers)
    request = {"type": "http.request", "body": BODY, "more_body": False}

    async def receive() -> dict:
        return request

    statuses = set()

    async def send(message: dict) -> None:
        statuses.add(message.get("status"))

    async def one() -> None:
        await gateway(scope, receive, send)

    async def sign() -> None:
        tokens.invoice_token("party-1", "0ANcRqEvQHPTGLmrK")

    with log.written_to(lambda line: None):
        if sys.argv[1:] == ["profile"]:
            profile = cProfile.Profile()
            profile.runcall(timed, "profiled", one, 1_000)
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)
            return
        timed("createInvoice through the gateway", one, REPEATS)
    timed("signing an invoice access token", sign, 50)
    assert statuses == {201, None}, statuses


if __name__ == "__main__":
    main()
