"""Ways to pay that the terms allow: list of domain.PaymentMethod -> merged PaymentMethod entries.

Entries of one method (and, for cards, of one token provider) become one entry, its list sorted. A crypto wallet's entry
has room for one currency, so each currency has an entry.
"""

from capi_v1.shapes.absent import Json
from rpc.protocol import domain

# Thrift branch -> (method, name of its list)
LISTED = {"payment_terminal": ("PaymentTerminal", "providers"), "digital_wallet": ("DigitalWallet", "providers")}


def payment_methods_to_json(methods: list[domain.PaymentMethod]) -> list[Json]:
    """Methods that this version cannot say are left out. Cards come first, plain ones before those of wallets."""
    cards = [method.bank_card for method in methods if method.which() == "bank_card"]
    currencies = sorted({method.value for method in methods if method.which() == "crypto_wallet"})
    return (
        _cards_to_json(cards)
        + _listed_to_json(methods)
        + [{"method": "CryptoWallet", "cryptoCurrency": currency} for currency in currencies]
    )


def _cards_to_json(cards: list[domain.BankCardMethod]) -> list[Json]:
    systems: dict[str, set[str]] = {}
    for card in cards:
        systems.setdefault(card.token_provider or "", set()).add(card.payment_system)
    return [_card_entry(provider, sorted(systems[provider])) for provider in sorted(systems)]


def _card_entry(token_provider: str, payment_systems: list[str]) -> Json:
    entry: Json = {"method": "BankCard", "paymentSystems": payment_systems}
    return {**entry, "tokenProviders": [token_provider]} if token_provider else entry


def _listed_to_json(methods: list[domain.PaymentMethod]) -> list[Json]:
    values: dict[str, set[str]] = {}
    for method in methods:
        if method.which() in LISTED:
            values.setdefault(method.which(), set()).add(method.value)
    return [
        {"method": name, list_name: sorted(values[branch])}
        for branch, (name, list_name) in LISTED.items()
        if branch in values
    ]
