"""Invoices and templates in v2's words: examples that a merchant would recognise."""

import pytest

from capi_v2 import shapes
from capi_v2.shapes.invoice import bank_account_to_json, bank_account_to_thrift
from rpc.protocol import base, domain

from . import examples
from .schemas import conforming


def test_an_invoice_reads_as_the_contract_says():
    allocation = [
        domain.AllocationTransaction(
            target=domain.AllocationTarget(shop_id="OTHER"),
            body=domain.AllocationBody(
                total=domain.AllocationTotal(
                    total=examples.cash(3000),
                    fee=domain.AllocationFee(share=domain.Decimal(m=15, exp=1)),
                    amount=examples.cash(2550),
                    fee_amount=examples.cash(450),
                )
            ),
        )
    ]
    invoice = examples.invoice(
        external_id="order-7",
        template_id="tpl1",
        status=domain.InvoiceStatus.CANCELLED,
        status_reason="overdue",
        bank_account=domain.InvoiceBankAccount(
            russian=domain.RussianBankAccount(account="40702810000000000001", bank_bik="044525225")
        ),
        allocation=allocation,
        client_info=domain.InvoiceClientInfo(trust_level=domain.TrustLevel.WELL_KNOWN),
    )
    assert conforming("Invoice", shapes.invoice_to_json(invoice)) == {
        "id": "inv1",
        "shopID": "TESTSHOP",
        "externalID": "order-7",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "dueDate": "2026-03-02T12:00:00Z",
        "amount": 10000,
        "currency": "RUB",
        "product": "Order 7",
        "description": "Two boxes",
        "invoiceTemplateID": "tpl1",
        "cart": [
            {
                "product": "Tea",
                "quantity": 2,
                "price": 5000,
                "cost": 10000,
                "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "20%"},
            }
        ],
        "allocation": [
            {
                "target": {"allocationTargetType": "AllocationTargetShop", "shopID": "OTHER"},
                "allocationBodyType": "AllocationBodyTotal",
                "total": 3000,
                "amount": 2550,
                "currency": "RUB",
                "fee": {"allocationFeeType": "AllocationFeeShare", "share": {"m": 15, "exp": 1}, "amount": 450},
            }
        ],
        "bankAccount": {
            "accountType": "InvoiceRussianBankAccount",
            "account": "40702810000000000001",
            "bankBik": "044525225",
        },
        "metadata": {"order": 7},
        "clientInfo": {"trustLevel": "wellKnown"},
        "status": "cancelled",
        "reason": "overdue",
    }


def test_an_invoice_shows_no_key_for_what_it_has_not():
    bare = examples.invoice(details=domain.InvoiceDetails(product="Order 7"))
    assert set(conforming("Invoice", shapes.invoice_to_json(bare))) == {
        "id", "shopID", "createdAt", "dueDate", "amount", "currency", "product", "metadata", "status",
    }  # fmt: skip


def test_an_invoice_travels_with_its_access_token():
    answer = shapes.invoice_and_token_to_json(examples.invoice(), "jwt")
    assert conforming("InvoiceAndToken", answer)["invoiceAccessToken"] == {"payload": "jwt"}


def test_a_template_reads_as_the_contract_says():
    assert conforming("InvoiceTemplate", shapes.template_to_json(examples.template())) == {
        "id": "tpl1",
        "shopID": "TESTSHOP",
        "name": "Donations",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "lifetime": {"days": 3, "months": 1, "years": 0},
        "details": {
            "templateType": "InvoiceTemplateSingleLine",
            "product": "Donation",
            "price": {
                "costType": "InvoiceTemplateLineCostRange",
                "currency": "RUB",
                "range": {"lowerBound": 100, "upperBound": 900},
            },
            "taxMode": {"type": "InvoiceLineTaxVAT", "rate": "0%"},
        },
    }


def test_the_amount_of_a_cart_is_left_to_the_platform():
    body = {
        "shopID": "TESTSHOP",
        "dueDate": "2026-03-02T15:00:00+03:00",
        "currency": "RUB",
        "product": "Order 7",
        "cart": [{"product": "Tea", "quantity": 2, "price": 5000}],
        "metadata": {"order": 7},
    }
    params = shapes.invoice_params_to_thrift(conforming("InvoiceParams", body, in_request=True), id="i", party_id="p")
    assert params.amount is None
    assert params.currency == "RUB"
    assert params.due == "2026-03-02T12:00:00Z"
    assert params.details.cart == [examples.line()]
    assert params.context == base.Content(type="application/json", data=b'{"order":7}')


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("2026-03-02T15:00:00+03:00", "2026-03-02T12:00:00Z"),
        ("2026-03-02t12:00:00.5z", "2026-03-02T12:00:00.500000Z"),
        ("2026-03-01T23:59:59-00:01", "2026-03-02T00:00:59Z"),
    ],
)
def test_a_due_date_of_any_offset_becomes_utc(given, understood):
    body = {"shopID": "S", "dueDate": given, "amount": 1, "currency": "RUB", "product": "x", "metadata": {}}
    assert shapes.invoice_params_to_thrift(body, id="i", party_id="p").due == understood


def test_a_bank_account_of_no_type_is_no_account():
    assert bank_account_to_thrift({}) is None


def test_a_bank_account_reads_back_as_it_was_given():
    body = {"accountType": "InvoiceRussianBankAccount", "account": "4" * 20, "bankBik": "0" * 9}
    assert bank_account_to_json(bank_account_to_thrift(body)) == body


def test_bytes_of_another_origin_show_as_empty_metadata():
    foreign = examples.invoice(context=base.Content(type="application/x-thrift", data=b"\x00"))
    assert shapes.invoice_to_json(foreign)["metadata"] == {}
    listed = examples.invoice(context=base.Content(type="application/json", data=b"[1]"))
    assert shapes.invoice_to_json(listed)["metadata"] == {}
