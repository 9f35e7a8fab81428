"""Searching over the real wire: a continuation token goes on with its own query and no other."""

import base64
from typing import Any

import pytest

from processing.search import tokens
from rpc.client import BlockingClient
from rpc.protocol import search
from tests.processing.search.searches import INVOICE, STATUS, P, asked, calls, invoices, payments, period


def first_token(client: BlockingClient, **fields: Any) -> str:
    return calls(client).Invoices(asked(search.InvoiceQuery, limit=1, **fields)).continuation_token


OTHER_QUERIES = [
    {"status": INVOICE.PAID},
    {"amount": 1000},
    {"invoice_id": "a"},
    {"created": period(-1, 86400)},
    {"created": period(-86400, 86399)},
    {"payment": P(status=STATUS.CAPTURED)},
    {"shop_id": "SHOP2"},
]


@pytest.mark.parametrize("fields", OTHER_QUERIES)
def test_a_token_of_another_query_is_refused(client, fields):
    with pytest.raises(search.BadToken):
        invoices(client, continuation_token=first_token(client), **fields)


def test_a_token_of_invoices_does_not_continue_payments(client):
    with pytest.raises(search.BadToken):
        payments(client, continuation_token=first_token(client))


def test_a_token_goes_on_with_another_limit_and_an_equal_query(client):
    token = first_token(client, payment=P(payer_email="a@example.com", tool=search.ToolKind.BANK_CARD))
    again = P(tool=search.ToolKind.BANK_CARD, payer_email="a@example.com")
    assert invoices(client, continuation_token=token, payment=again, limit=7) == ["d"]


def test_a_token_may_be_used_any_number_of_times(client):
    token = first_token(client)
    assert invoices(client, continuation_token=token) == invoices(client, continuation_token=token) == list("bcd")


@pytest.mark.parametrize(
    "token", ["", "a", "=", "AAAA", "not a token", "\u0430\u0431\u0432\u0433", "%00", "A" * 2000, "W10", "bnVsbA=="]
)
def test_an_invented_token_is_refused(client, token):
    with pytest.raises(search.BadToken):
        invoices(client, continuation_token=token)
    with pytest.raises(search.BadToken):
        payments(client, continuation_token=token)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}",
        b"[1]",
        b'[1,"a"]',
        b'["1","a","b"]',
        b'[1.5,"a","b"]',
        b'[9223372036854775808,"a","b"]',
        b'[-9223372036854775809,"a","b"]',
        b'[1,"\xff","b"]',
        b'[1,"\\ud800","b"]',
        b'[1,"a\\u0000","b"]',
        b"[" * 700,
    ],
)
def test_a_token_that_says_something_else_is_refused_although_its_hash_is_right(said):
    forged = base64.urlsafe_b64encode(tokens._hash("q", said) + said).decode().rstrip("=")
    with pytest.raises(tokens.BadToken):
        tokens.read("q", forged)


def test_no_changed_token_is_taken(client):
    """Every byte of a real one flipped, every prefix of it."""
    token = first_token(client)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    query = "q"
    real = tokens.write(query, (5, "a", ""))
    assert tokens.read(query, real) == (5, "a", "")
    for place in range(len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(search.BadToken):
            invoices(client, continuation_token=base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for end in range(len(real)):
        with pytest.raises(tokens.BadToken):
            tokens.read(query, real[:end])
