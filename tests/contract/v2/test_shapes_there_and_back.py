"""What a merchant writes is what a merchant reads, and every request that the spec lets through fits the protocol."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capi_v2 import shapes
from capi_v2.shapes.allocation import allocation_to_json, allocation_to_thrift
from capi_v2.shapes.card_source import exp_date_to_thrift
from capi_v2.shapes.cart import cart_to_json, cart_to_thrift
from capi_v2.shapes.events import CHANGES
from capi_v2.shapes.invoice import INVOICE_STATUS
from capi_v2.shapes.metadata import metadata_to_json, metadata_to_thrift
from capi_v2.shapes.payment import PAYMENT_STATUS, payment_flow_to_json, payment_flow_to_thrift
from capi_v2.shapes.payment_session import PaymentSession, payment_session_to_json, payment_session_to_thrift
from capi_v2.shapes.refund import REFUND_STATUS
from capi_v2.shapes.template import template_details_to_json, template_details_to_thrift
from capi_v2.shapes.timestamps import timestamp_to_thrift
from capi_v2.shapes.webhook import CUSTOMER_EVENT, INVOICE_EVENT, webhook_id_to_thrift
from rpc.codec import decode, encode
from rpc.protocol import domain, payment_processing, webhooks
from translator.errors import NotFound, Problem

from .schemas import SCHEMAS, conforming

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NAME = st.text("abcXYZ019-_", min_size=1, max_size=40)
AMOUNT = st.integers(1, 2**40)
CURRENCY = st.sampled_from(["RUB", "USD", "EUR"])
RATE = st.sampled_from(["0%", "10%", "18%", "20%", "10/110", "18/118", "20/120"])
TAX = st.fixed_dictionaries({"type": st.just("InvoiceLineTaxVAT"), "rate": RATE})
LINE = st.fixed_dictionaries(
    {"product": TEXT, "quantity": st.integers(1, 1000), "price": AMOUNT}, optional={"taxMode": TAX}
)
CART = st.lists(LINE, min_size=1, max_size=4)
TARGET = st.fixed_dictionaries({"allocationTargetType": st.just("AllocationTargetShop"), "shopID": NAME})
FEE = st.one_of(
    st.fixed_dictionaries({"allocationFeeType": st.just("AllocationFeeFixed"), "amount": AMOUNT}),
    st.fixed_dictionaries(
        {
            "allocationFeeType": st.just("AllocationFeeShare"),
            "share": st.fixed_dictionaries({"m": st.integers(0, 2**60), "exp": st.integers(-4, 10)}),
        }
    ),
)
TRANSACTION = st.one_of(
    st.fixed_dictionaries(
        {
            "allocationBodyType": st.just("AllocationBodyAmount"),
            "target": TARGET,
            "amount": AMOUNT,
            "currency": CURRENCY,
        },
        optional={"cart": CART},
    ),
    st.fixed_dictionaries(
        {
            "allocationBodyType": st.just("AllocationBodyTotal"),
            "target": TARGET,
            "total": AMOUNT,
            "currency": CURRENCY,
            "fee": FEE,
        },
        optional={"cart": CART},
    ),
)
ALLOCATION = st.lists(TRANSACTION, min_size=1, max_size=3)
PRICE = st.one_of(
    st.fixed_dictionaries(
        {"costType": st.just("InvoiceTemplateLineCostFixed"), "currency": CURRENCY, "amount": AMOUNT}
    ),
    st.fixed_dictionaries(
        {
            "costType": st.just("InvoiceTemplateLineCostRange"),
            "currency": CURRENCY,
            "range": st.fixed_dictionaries({"upperBound": AMOUNT, "lowerBound": AMOUNT}),
        }
    ),
    st.just({"costType": "InvoiceTemplateLineCostUnlim"}),
)
DETAILS = st.one_of(
    st.fixed_dictionaries(
        {"templateType": st.just("InvoiceTemplateSingleLine"), "product": TEXT, "price": PRICE},
        optional={"taxMode": TAX},
    ),
    st.fixed_dictionaries({"templateType": st.just("InvoiceTemplateMultiLine"), "cart": CART, "currency": CURRENCY}),
)
METADATA = st.dictionaries(
    TEXT,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def over_the_wire(value):
    """The value as the other side of a call gets it."""
    return decode(type(value), encode(value))


def without_costs(lines):
    return [{name: value for name, value in line.items() if name != "cost"} for line in lines]


@given(CART, CURRENCY)
def test_a_cart_reads_back_with_the_cost_of_each_line(lines, currency):
    conforming("InvoiceCart", lines, in_request=True)
    shown = cart_to_json([over_the_wire(line) for line in cart_to_thrift(lines, currency)])
    assert without_costs(shown) == lines
    assert [line["cost"] for line in shown] == [line["price"] * line["quantity"] for line in lines]


@given(ALLOCATION)
def test_an_allocation_reads_back_as_it_was_given(transactions):
    conforming("Allocation", transactions, in_request=True)
    shown = allocation_to_json([over_the_wire(one) for one in allocation_to_thrift(transactions)])
    for transaction in shown:
        if "cart" in transaction:
            transaction["cart"] = without_costs(transaction["cart"])
    assert shown == transactions


@given(DETAILS)
def test_the_details_of_a_template_read_back_as_they_were_given(details):
    conforming("InvoiceTemplateDetails", details, in_request=True)
    shown = template_details_to_json(over_the_wire(template_details_to_thrift(details)))
    if "cart" in shown:
        shown["cart"] = without_costs(shown["cart"])
    assert shown == details


@given(METADATA)
def test_metadata_is_given_back_untouched(metadata):
    assert metadata_to_json(over_the_wire(metadata_to_thrift(metadata))) == metadata


@given(st.sampled_from(["cancel", "capture"]))
def test_a_hold_keeps_its_rule(rule):
    flow = {"type": "PaymentFlowHold", "onHoldExpiration": rule}
    assert payment_flow_to_json(over_the_wire(payment_flow_to_thrift(flow))) == flow


def test_an_instant_payment_stays_one():
    flow = {"type": "PaymentFlowInstant"}
    assert payment_flow_to_json(over_the_wire(payment_flow_to_thrift(flow))) == flow


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_moment_stays_the_same_moment_in_utc(naive, offset_minutes):
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    given_text = moment.isoformat()
    understood = timestamp_to_thrift(given_text)
    assert understood.endswith("Z")
    assert datetime.fromisoformat(understood) == moment
    assert datetime.fromisoformat(understood).tzinfo == UTC


@given(TEXT, st.ip_addresses() | st.none(), st.just("https://shop.example/pay") | st.none())
def test_a_payment_session_opens_to_what_was_put_in(fingerprint, ip, url):
    info = domain.ClientInfo(fingerprint=fingerprint, ip=None if ip is None else str(ip), url=url)
    session = PaymentSession(shapes.new_session_id(), info)
    assert payment_session_to_thrift(payment_session_to_json(session)) == session


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_no_other_text_is_a_payment_session(text):
    with pytest.raises(Problem) as refused:
        payment_session_to_thrift(text)
    assert refused.value.row.code == "invalidPaymentSession"


def test_session_ids_do_not_repeat():
    assert len({shapes.new_session_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(("text", "month", "year"), [("12/30", 12, 2030), ("01/2031", 1, 2031), ("13/00", 13, 2000)])
def test_an_expiry_has_a_month_and_a_full_year(text, month, year):
    assert exp_date_to_thrift(text) == domain.ExpDate(month=month, year=year)


@given(st.lists(st.sampled_from(sorted(INVOICE_EVENT.values())), max_size=20), NAME)
def test_a_webhook_reads_back_with_each_event_once(names, shop_id):
    body = {
        "scope": {"topic": "InvoicesTopic", "shopID": shop_id, "eventTypes": names},
        "url": "https://shop.example/hook",
    }
    conforming("Webhook", body, in_request=True)
    params = over_the_wire(shapes.webhook_params_to_thrift(body, party_id="demo"))
    stored = webhooks.Webhook(
        id=7, party_id="demo", scope=params.scope, url=params.url, public_key=b"\x30\x82", enabled=True
    )
    shown = conforming("Webhook", shapes.webhook_to_json(stored))
    assert shown["scope"] == {**body["scope"], "eventTypes": list(dict.fromkeys(names))}
    assert (shown["id"], shown["publicKey"], shown["active"]) == ("7", "MII=", True)


@pytest.mark.parametrize(
    "text", ["x", "", "02", "-1", "+1", "1.0", " 1", "1_0", "\u0661", "9223372036854775808", "9" * 40]
)
def test_a_text_that_is_no_number_names_no_webhook(text):
    with pytest.raises(NotFound):
        webhook_id_to_thrift(text)


WORDS = [
    ("InvoiceStatus", INVOICE_STATUS, domain.InvoiceStatus, {}),
    ("PaymentStatus", PAYMENT_STATUS, domain.PaymentStatus, {domain.PaymentStatus.CHARGED_BACK}),
    ("RefundStatus", REFUND_STATUS, domain.RefundStatus, {}),
]


@pytest.mark.parametrize(("definition", "words", "enum", "unsaid"), WORDS, ids=lambda value: str(value)[:20])
def test_every_status_of_the_platform_has_the_word_of_the_contract(definition, words, enum, unsaid):
    allowed = SCHEMAS.definitions[definition]["properties"]["status"]["enum"]
    assert sorted(words.values()) == sorted(allowed)
    assert set(words) | set(unsaid) == set(enum.names)


@pytest.mark.parametrize(
    ("definition", "words", "enum"),
    [
        ("InvoicesTopic", INVOICE_EVENT, webhooks.InvoiceEventType),
        ("CustomersTopic", CUSTOMER_EVENT, webhooks.CustomerEventType),
    ],
)
def test_every_event_type_of_the_platform_has_the_word_of_the_contract(definition, words, enum):
    own = SCHEMAS.definitions[definition]["allOf"][1]["properties"]["eventTypes"]["items"]["enum"]
    assert sorted(words.values()) == sorted(own)
    assert set(words) == set(enum.names)


def test_every_change_of_an_invoice_is_either_public_or_known_not_to_be():
    private = {"chargeback_opened", "chargeback_status_changed", "internal_step"}
    branches = {field.name for field in payment_processing.InvoiceChange.__thrift__.fields}
    assert set(CHANGES) | private == branches
    public = SCHEMAS.definitions["InvoiceChange"]["properties"]["changeType"]["enum"]
    assert sorted(name.replace("_", "") for name in CHANGES) == sorted(name.lower() for name in public)


def method(**choice):
    return domain.PaymentMethod(**choice)


def test_ways_to_pay_of_one_kind_are_merged_and_sorted():
    card = domain.BankCardMethod
    methods = [
        method(payment_terminal="wechat"),
        method(bank_card=card(payment_system="visa")),
        method(bank_card=card(payment_system="mastercard")),
        method(bank_card=card(payment_system="visa", token_provider="applepay")),
        method(payment_terminal="euroset"),
        method(bank_card=card(payment_system="visa")),
        method(crypto_wallet="bitcoin"),
        method(digital_wallet="qiwi"),
        method(mobile_commerce="mts"),
    ]
    shown = shapes.payment_methods_to_json(methods)
    for entry in shown:
        conforming("PaymentMethod", entry)
    assert shown == [
        {"method": "BankCard", "paymentSystems": ["mastercard", "visa"]},
        {"method": "BankCard", "paymentSystems": ["visa"], "tokenProviders": ["applepay"]},
        {"method": "PaymentTerminal", "providers": ["euroset", "wechat"]},
        {"method": "DigitalWallet", "providers": ["qiwi"]},
        {"method": "CryptoWallet", "cryptoCurrencies": ["bitcoin"]},
        {"method": "MobileCommerce", "operators": ["mts"]},
    ]
