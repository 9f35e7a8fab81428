"""Card data on its way to the vault: CardData, TokenizedCardData -> vault.CardSource. Keeps and shows nothing of it."""

import orjson

from capi_v1.shapes.absent import Json
from rpc.protocol import domain, vault

CARD_DATA = ("CardData", "TokenizedCardData")


def needs_vault(tool: Json) -> bool:
    return tool["paymentToolType"] in CARD_DATA


def tokenize_params_to_thrift(tool: Json, session_id: str) -> vault.TokenizeParams:
    return vault.TokenizeParams(source=_SOURCE[tool["paymentToolType"]](tool), session_id=session_id)


def exp_date_to_thrift(text: str) -> domain.ExpDate:
    """`MM/YY` of this century, or `MM/YYYY`. Whether such a month exists is for the vault to say."""
    month, year = text.split("/")
    return domain.ExpDate(month=int(month), year=int(year) if len(year) == 4 else 2000 + int(year))


def _card_to_thrift(tool: Json) -> vault.CardSource:
    card = vault.CardData(
        number=tool["cardNumber"],
        exp_date=exp_date_to_thrift(tool["expDate"]),
        cardholder_name=tool.get("cardHolder"),
        cvv=tool["cvv"],
    )
    return vault.CardSource(card=card)


def _tokenized_to_thrift(tool: Json) -> vault.CardSource:
    return vault.CardSource(tokenized=_WALLET_CARD[tool["provider"]](tool))


def _apple_to_thrift(tool: Json) -> vault.TokenizedCard:
    return _cryptogram("applepay", tool["merchantID"], tool["paymentToken"])


def _google_to_thrift(tool: Json) -> vault.TokenizedCard:
    return _cryptogram("googlepay", tool["gatewayMerchantID"], tool["paymentToken"])


def _yandex_to_thrift(tool: Json) -> vault.TokenizedCard:
    return _cryptogram("yandexpay", tool["gatewayMerchantID"], tool["paymentToken"])


def _samsung_to_thrift(tool: Json) -> vault.TokenizedCard:
    return vault.TokenizedCard(
        provider="samsungpay", merchant_id=tool["serviceID"], payload=tool["referenceID"].encode()
    )


def _cryptogram(provider: str, merchant_id: str, payment_token: Json) -> vault.TokenizedCard:
    return vault.TokenizedCard(provider=provider, merchant_id=merchant_id, payload=orjson.dumps(payment_token))


_SOURCE = {"CardData": _card_to_thrift, "TokenizedCardData": _tokenized_to_thrift}
_WALLET_CARD = {
    "ApplePay": _apple_to_thrift,
    "GooglePay": _google_to_thrift,
    "SamsungPay": _samsung_to_thrift,
    "YandexPay": _yandex_to_thrift,
}
