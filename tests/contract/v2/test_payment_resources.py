"""Tokenisation: card data goes to the vault and nowhere else, and what comes back opens only here."""

import pytest

from capi_v2.shapes.payment_session import payment_session_to_thrift
from rpc.protocol import domain, vault

from . import examples

NUMBER = "4242424242424242"
CARD = {
    "paymentToolType": "CardData",
    "cardNumber": NUMBER,
    "expDate": "12/30",
    "cvv": "123",
    "cardHolder": "A HOLDER",
}


def tokenise(v2, tool=CARD, token="", headers=None, **client_info):
    body = {"paymentTool": tool, "clientInfo": {"fingerprint": "fp", **client_info}}
    request = v2.requests["createPaymentResource"].changed(body=body, headers=headers or {})
    return v2.send(request, token=token)


def asked(v2):
    (call,) = v2.backend.calls_of("Vault.Tokenize")
    return call.arguments[0]


def test_a_card_goes_to_the_vault_and_comes_back_as_a_token(v2):
    answer = tokenise(v2)
    assert answer.status == 201, answer.body
    assert asked(v2).source.card == vault.CardData(
        number=NUMBER, exp_date=domain.ExpDate(month=12, year=2030), cardholder_name="A HOLDER", cvv="123"
    )
    assert v2.sealed.open(answer.json["paymentToolToken"], v2.now) == examples.tool()
    assert payment_session_to_thrift(answer.json["paymentSession"]).id == asked(v2).session_id
    assert answer.json["paymentToolDetails"]["cardNumberMask"] == "424242******4242"
    assert answer.json["validUntil"] == "2026-03-01T13:04:00Z"
    assert NUMBER.encode() not in answer.body
    assert [call.name for call in v2.backend.calls] == ["Vault.Tokenize"]


def test_a_token_ends_with_its_card(v2):
    expiring = domain.ExpDate(month=2, year=2026)
    v2.backend.on("Vault.Tokenize", examples.tool(exp_date=expiring).bank_card)
    assert tokenise(v2).json["validUntil"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("tool", "source"),
    [
        (
            {"provider": "ApplePay", "merchantID": "m", "paymentToken": {"data": 1}},
            vault.TokenizedCard(provider="applepay", merchant_id="m", payload=b'{"data":1}'),
        ),
        (
            {"provider": "GooglePay", "gatewayMerchantID": "g", "paymentToken": {}},
            vault.TokenizedCard(provider="googlepay", merchant_id="g", payload=b"{}"),
        ),
        (
            {"provider": "SamsungPay", "serviceID": "s", "referenceID": "r"},
            vault.TokenizedCard(provider="samsungpay", merchant_id="s", payload=b"r"),
        ),
        (
            {"provider": "YandexPay", "gatewayMerchantID": "y", "paymentToken": {}},
            vault.TokenizedCard(provider="yandexpay", merchant_id="y", payload=b"{}"),
        ),
    ],
    ids=lambda value: value.get("provider") if isinstance(value, dict) else "",
)
def test_a_card_of_a_wallet_goes_to_the_vault_as_the_wallet_sealed_it(v2, tool, source):
    assert tokenise(v2, {"paymentToolType": "TokenizedCardData", **tool}).status == 201
    assert asked(v2).source.tokenized == source


@pytest.mark.parametrize(
    ("tool", "understood"),
    [
        (
            {"paymentToolType": "PaymentTerminalData", "provider": "euroset"},
            domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider="euroset")),
        ),
        (
            {
                "paymentToolType": "DigitalWalletData",
                "digitalWalletType": "DigitalWalletQIWI",
                "phoneNumber": "+79161234567",
                "accessToken": "secret",
            },
            domain.PaymentTool(digital_wallet=domain.DigitalWallet(provider="qiwi", id="79161234567", token="secret")),
        ),
        (
            {"paymentToolType": "CryptoWalletData", "cryptoCurrency": "bitcoin"},
            domain.PaymentTool(crypto_wallet=domain.CryptoWallet(currency="bitcoin")),
        ),
        (
            {"paymentToolType": "MobileCommerceData", "mobilePhone": {"cc": "7", "ctn": "9161234567"}},
            domain.PaymentTool(mobile_commerce=domain.MobileCommerce(cc="7", ctn="9161234567")),
        ),
    ],
    ids=lambda value: value["paymentToolType"] if isinstance(value, dict) else "",
)
def test_other_tools_need_no_vault(v2, tool, understood):
    answer = tokenise(v2, tool)
    assert answer.status == 201, answer.body
    assert v2.sealed.open(answer.json["paymentToolToken"], v2.now) == understood
    assert v2.backend.calls == []
    assert b"secret" not in answer.body


def test_a_digital_wallet_must_say_which_it_is(v2):
    answer = tokenise(v2, {"paymentToolType": "DigitalWalletData"})
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")


def test_a_card_that_the_vault_refuses_is_an_invalid_request(v2):
    v2.backend.on("Vault.Tokenize", vault.InvalidCardData(reason="The card has expired"))
    answer = tokenise(v2)
    assert (answer.status, answer.json) == (400, {"code": "invalidRequest", "message": "The card has expired"})


@pytest.mark.parametrize(
    "changes",
    [{"cardNumber": "4242"}, {"cardNumber": "4242 4242 4242 4242"}, {"expDate": "1230"}, {"cvv": "12"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_refusal_never_repeats_card_data(v2, changes):
    answer = tokenise(v2, {**CARD, **changes})
    assert (answer.status, answer.json["code"]) == (400, "invalidRequest")
    for value in {**CARD, **changes}.values():
        assert value.encode() not in answer.body or value == "CardData"
    assert v2.backend.calls == []


def test_a_payer_has_the_address_that_the_request_came_from(v2):
    payer = v2.tokens.invoice_token("demo", "inv1")
    said = {"ip": "198.51.100.1"}
    assert tokenise(v2, token=payer, **said).json["clientInfo"]["ip"] == "203.0.113.9"
    forwarded = {"x-forwarded-for": "198.51.100.7, 10.0.0.1"}
    assert tokenise(v2, token=payer, headers=forwarded, **said).json["clientInfo"]["ip"] == "198.51.100.7"


def test_a_merchant_may_say_whose_address_it_is(v2):
    assert tokenise(v2, ip="198.51.100.1").json["clientInfo"]["ip"] == "198.51.100.1"
    assert tokenise(v2).json["clientInfo"]["ip"] == "203.0.113.9"


@pytest.mark.parametrize("tail", ["?order=7&secret=x", "#secret", "?a#b", ""])
def test_the_page_is_remembered_without_its_query(v2, tail):
    answer = tokenise(v2, url=f"https://shop.example/pay{tail}")
    assert answer.json["clientInfo"]["url"] == "https://shop.example/pay"
    assert payment_session_to_thrift(answer.json["paymentSession"]).client_info.url == "https://shop.example/pay"


def test_what_would_give_a_token_too_long_to_pay_with_is_refused(v2):
    long_page = tokenise(v2, fingerprint="ж" * 900)
    assert (long_page.status, long_page.json["code"]) == (400, "invalidRequest")
    long_name = tokenise(v2, {"paymentToolType": "PaymentTerminalData", "provider": "x" * 3000})
    assert (long_name.status, long_name.json["code"]) == (400, "invalidRequest")


def test_what_was_tokenised_pays(v2):
    made = tokenise(v2).json
    payer = {
        "payerType": "PaymentResourcePayer",
        "contactInfo": {},
        "paymentToolToken": made["paymentToolToken"],
        "paymentSession": made["paymentSession"],
    }
    answer = v2.send(v2.operation("createPayment", body={"payer": payer}))
    assert answer.status == 201, answer.body
