"""What is paid with: PaymentMethodParams -> vault and domain structs; domain.PaymentTool -> PaymentMethod, masked."""

from capi_v3.shapes.absent import Json, if_present, without_absent
from rpc.protocol import domain, vault

SHOWN_OF_PHONE, SHOWN_OF_ACCOUNT = 4, 4


def needs_vault(method: Json) -> bool:
    return method["type"] in _CARD_SOURCE


def tokenize_params_to_thrift(method: Json, session_id: str) -> vault.TokenizeParams:
    """Card data on their way to the vault. `session_id` names the one-use security code there."""
    return vault.TokenizeParams(source=_CARD_SOURCE[method["type"]](method), session_id=session_id)


def payment_method_to_thrift(method: Json) -> domain.PaymentTool:
    """Of a method without card data."""
    return domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider=method["terminal"]["provider"]))


def payment_method_to_json(tool: domain.PaymentTool) -> Json | None:
    """None for a tool that this version cannot say."""
    found = _METHOD.get(tool.which())
    if found is None:
        return None
    kind, change = found
    return {"type": kind, kind: change(tool.value)}


def masked(text: str, shown: int) -> str:
    """All but the last characters as stars; of short texts half is hidden."""
    hidden = max(len(text) - shown, (len(text) + 1) // 2)
    return "*" * hidden + text[hidden:]


def _card_source(method: Json) -> vault.CardSource:
    card = method["card"]
    return vault.CardSource(
        card=vault.CardData(
            number=card["number"],
            exp_date=domain.ExpDate(month=card["expiryMonth"], year=card["expiryYear"]),
            cardholder_name=card.get("holderName"),
            cvv=card.get("securityCode"),
        )
    )


def _wallet_card_source(method: Json) -> vault.CardSource:
    card = method["walletCard"]
    return vault.CardSource(
        tokenized=vault.TokenizedCard(
            provider=card["provider"], merchant_id=card["merchantId"], payload=card["payload"].encode()
        )
    )


_CARD_SOURCE = {"card": _card_source, "walletCard": _wallet_card_source}


def _card_to_json(card: domain.BankCard) -> Json:
    """Six first and four last digits at most, whatever the platform knows."""
    return without_absent(
        {
            "brand": card.payment_system,
            "first6": card.bin[:6] or None,
            "last4": card.last_digits[-4:],
            "expiryMonth": if_present(card.exp_date, lambda date: date.month),
            "expiryYear": if_present(card.exp_date, lambda date: date.year),
            "walletProvider": card.token_provider,
            "issuerCountry": card.issuer_country,
            "issuerName": card.bank_name,
        }
    )


def _wallet_to_json(wallet: domain.DigitalWallet) -> Json:
    return {"provider": wallet.provider, "account": masked(wallet.id, SHOWN_OF_ACCOUNT)}


def _mobile_to_json(mobile: domain.MobileCommerce) -> Json:
    phone = f"+{mobile.cc}{masked(mobile.ctn, SHOWN_OF_PHONE)}"
    return without_absent({"phone": phone, "operator": mobile.operator})


_METHOD = {
    "bank_card": ("card", _card_to_json),
    "payment_terminal": ("terminal", lambda terminal: {"provider": terminal.provider}),
    "digital_wallet": ("wallet", _wallet_to_json),
    "crypto_wallet": ("cryptoWallet", lambda wallet: {"currency": wallet.currency}),
    "mobile_commerce": ("mobile", _mobile_to_json),
}
