"""The canonical workload, defined once: what is asked, what the platform answers, with which token.

An invoice with two lines in its cart is made; an invoice is read; a body is refused. No externalID: one internal call a
request. Knows no server; every server of `benches.servers` is given exactly these bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from rpc.protocol import base, domain
from translator.access_tokens import AccessTokens
from translator.keyset import keyset_of
from translator.revocations import Revocations

SPEC = Path(__file__).parents[1] / "specs/v2/bundled.json"
PARTY, SHOP, INVOICE_ID = "bench-party", "BENCH-SHOP", "1Bz9eQ4wV2a"
ROLES = ("party:read", "party:write", "invoices:read", "invoices:write")
REQUEST_ID = b"5c7f2b1e9a3d4e6f8b1a7c2d0e4f6a8b"
"""Replaced by a number of the same length in every request sent."""

TAX = {"type": "InvoiceLineTaxVAT", "rate": "20%"}
ORDER: dict[str, Any] = {
    "shopID": SHOP,
    "dueDate": "2036-01-01T00:00:00Z",
    "currency": "RUB",
    "product": "Order 2041",
    "description": "Tea, to be delivered on Friday",
    "cart": [
        {
            "product": "Tea, 100 g",
            "quantity": 2,
            "price": 4000,
            "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "20%"},
        },
        {"product": "Delivery", "quantity": 1, "price": 2000},
    ],
    "metadata": {"orderNumber": "2041"},
}
LINES = [{**line, "cost": line["price"] * line["quantity"]} for line in ORDER["cart"]]
INVOICE = {
    **ORDER,
    "id": INVOICE_ID,
    "createdAt": "2026-03-01T12:00:00Z",
    "amount": sum(line["cost"] for line in LINES),
    "cart": LINES,
    "status": "unpaid",
}
INVALID_ORDER = {**ORDER, "cart": [{"product": "Tea, 100 g", "quantity": 0, "price": 4000}]}
TOKEN_OF_INVOICE = "x" * 500
"""What the fixed platform of the peers hands out as the invoice's token; ours signs a real one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request. `status`: of a right answer."""

    name: str
    method: str
    path: str
    status: int
    json: Mapping[str, Any] | None = None

    @property
    def body(self) -> bytes:
        return b"" if self.json is None else json.dumps(self.json, separators=(",", ":")).encode()


CREATE = Request("create", "POST", "/v2/processing/invoices", 201, ORDER)
READ = Request("read", "GET", f"/v2/processing/invoices/{INVOICE_ID}", 200)
INVALID = Request("invalid", "POST", "/v2/processing/invoices", 400, INVALID_ORDER)
REQUESTS = (CREATE, READ, INVALID)


def issue_token(key: RSAPrivateKey) -> str:
    """The merchant's access token, RS256 by `key`."""
    return AccessTokens(keyset_of([], key), Revocations.of()).issue(PARTY, ROLES, lifetime_s=None)[0]


def rendered(request: Request, token: str) -> bytes:
    """The request as it is sent, with REQUEST_ID to be replaced."""
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        "host: api.example.com",
        "accept: application/json",
        f"authorization: Bearer {token}",
        f"x-request-id: {REQUEST_ID.decode()}",
    ]
    if request.json is not None:
        lines += ["content-type: application/json; charset=utf-8", f"content-length: {len(request.body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + request.body


def thrift_invoice() -> domain.Invoice:
    """INVOICE as the platform says it."""
    return domain.Invoice(
        id=INVOICE_ID,
        owner_id=PARTY,
        shop_id=SHOP,
        created_at=INVOICE["createdAt"],
        due=ORDER["dueDate"],
        status=domain.InvoiceStatus.UNPAID,
        details=domain.InvoiceDetails(
            product=ORDER["product"], description=ORDER["description"], cart=[thrift_line(line) for line in LINES]
        ),
        cost=domain.Cash(amount=INVOICE["amount"], currency="RUB"),
        context=base.Content(type="application/json", data=json.dumps(ORDER["metadata"]).encode()),
        domain_revision=1,
    )


def thrift_line(line: Mapping[str, Any]) -> domain.CartLine:
    tax = line.get("taxMode")
    return domain.CartLine(
        product=line["product"],
        quantity=line["quantity"],
        price=domain.Cash(amount=line["price"], currency="RUB"),
        tax_mode=domain.TaxMode(vat=tax["rate"]) if tax else None,
    )
