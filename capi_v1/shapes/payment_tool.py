"""What a payment is made with, as this version shows it: domain.PaymentTool -> PaymentToolDetails, always masked.

Tools that the vault need not see are read here too: PaymentTool -> domain.PaymentTool.
"""

import re

from capi_v1.shapes.absent import Json, without_absent
from rpc.protocol import base, domain

QIWI = "qiwi"
BIN = re.compile(r"\d{6,8}", re.ASCII)
MASK_CHARS = 16
PHONE = re.compile(r"\d{4,}", re.ASCII)


def payment_tool_to_thrift(tool: Json) -> domain.PaymentTool:
    """Of a PaymentTool without card data. Raises base.InvalidRequest for a digital wallet without its type."""
    return TOOL_TO_THRIFT[tool["paymentToolType"]](tool)


def payment_tool_details_to_json(tool: domain.PaymentTool) -> Json | None:
    """PaymentToolDetails, or None for a tool that this version cannot say."""
    details = _DETAILS.get(tool.which())
    return None if details is None else details(tool.value)


def bank_card_details_to_json(card: domain.BankCard) -> Json | None:
    """BankCardDetails with a mask of sixteen places; None for a card whose beginning is too short for the contract."""
    last_digits = card.last_digits[-4:]
    if not BIN.fullmatch(card.bin):
        return None
    return without_absent(
        {
            "cardNumberMask": card.bin + "*" * (MASK_CHARS - len(card.bin) - len(last_digits)) + last_digits,
            "bin": card.bin,
            "lastDigits": last_digits,
            "paymentSystem": card.payment_system,
            "tokenProvider": card.token_provider,
        }
    )


def phone_mask(digits: str) -> str:
    """`+7*******89`-like mask of a phone number of 4 to 15 digits: the first digit and the last two or four stay."""
    shown = 4 if len(digits) >= 9 else 2
    hidden = min(len(digits) - 1 - shown, 10)
    return f"+{digits[0]}{'*' * hidden}{digits[-shown:]}"


def _terminal_to_thrift(tool: Json) -> domain.PaymentTool:
    return domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider=tool["provider"]))


def _wallet_to_thrift(tool: Json) -> domain.PaymentTool:
    if "digitalWalletType" not in tool:
        raise base.InvalidRequest(errors=["The digital wallet does not say its digitalWalletType"])
    phone = tool["phoneNumber"].removeprefix("+")
    return domain.PaymentTool(digital_wallet=domain.DigitalWallet(provider=QIWI, id=phone))


def _crypto_to_thrift(tool: Json) -> domain.PaymentTool:
    return domain.PaymentTool(crypto_wallet=domain.CryptoWallet(currency=tool["cryptoCurrency"]))


TOOL_TO_THRIFT = {
    "PaymentTerminalData": _terminal_to_thrift,
    "DigitalWalletData": _wallet_to_thrift,
    "CryptoWalletData": _crypto_to_thrift,
}


def _card_to_json(card: domain.BankCard) -> Json | None:
    details = bank_card_details_to_json(card)
    return None if details is None else {"detailsType": "PaymentToolDetailsBankCard", **details}


def _terminal_to_json(terminal: domain.PaymentTerminal) -> Json:
    return {"detailsType": "PaymentToolDetailsPaymentTerminal", "provider": terminal.provider}


def _wallet_to_json(wallet: domain.DigitalWallet) -> Json | None:
    if wallet.provider != QIWI or not PHONE.fullmatch(wallet.id):
        return None
    return {
        "detailsType": "PaymentToolDetailsDigitalWallet",
        "digitalWalletDetailsType": "DigitalWalletDetailsQIWI",
        "phoneNumberMask": phone_mask(wallet.id),
    }


def _crypto_to_json(wallet: domain.CryptoWallet) -> Json:
    return {"detailsType": "PaymentToolDetailsCryptoWallet", "cryptoCurrency": wallet.currency}


_DETAILS = {
    "bank_card": _card_to_json,
    "payment_terminal": _terminal_to_json,
    "digital_wallet": _wallet_to_json,
    "crypto_wallet": _crypto_to_json,
}
