"""`capi seed`: a party to begin with, its test shop and its API key. Running it again changes nothing."""

import argparse
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from console.keys import MERCHANT_ROLES, issued, signer
from console.operator_client import bound_to
from rpc.protocol import domain, party
from settings import Settings, load
from settings.clock import system_clock
from translator.errors import Unauthorized

PARTY, SHOP = "demo", "TESTSHOP"
CURRENCY, CATEGORY, CONTRACT = "RUB", 1, "default"
KEY_NAME = "demo key"
KEY_FILE = "demo_api_key"


def main(arguments: Sequence[str]) -> int:
    """Runs `capi seed`."""
    parser = argparse.ArgumentParser(prog="capi seed", description=__doc__)
    parser.add_argument("--json", action="store_true", help='print {"party", "shop", "api_key"}')
    asked = parser.parse_args(arguments)
    settings = load()
    platform = bound_to(settings)
    make_party(platform)
    api_key = kept_key(settings, platform)
    if asked.json:
        print(json.dumps({"party": PARTY, "shop": SHOP, "api_key": api_key}))
    else:
        print(f"Party {PARTY} with the shop {SHOP}; its key is in {key_file(settings)}.")
    return 0


def make_party(platform: Any) -> None:
    """The party and its shop, unless they are there."""
    with suppress(party.PartyExists):
        platform.party_management.Create(PARTY, party.PartyParams(contact_email="demo@example.com"))
    with suppress(party.ShopExists):
        platform.party_management.CreateShop(
            PARTY,
            party.ShopParams(
                id=SHOP,
                currency=CURRENCY,
                category_id=CATEGORY,
                location=domain.ShopLocation(url="https://shop.example.com"),
                details=domain.ShopDetails(name="Test shop"),
                contract_id=CONTRACT,
            ),
        )


def key_file(settings: Settings) -> Path:
    """Where the sandbox keeps the demo key, readable by its owner only; keys of others are kept nowhere."""
    return settings.state.directory / "secrets" / KEY_FILE


def kept_key(settings: Settings, platform: Any) -> str:
    """The key of the file while it holds, else a new one, which is put there."""
    file = key_file(settings)
    token = file.read_text().strip() if file.exists() else ""
    if token and is_good(token, settings, platform):
        return token
    token, _ = issued(settings, platform, PARTY, MERCHANT_ROLES, name=KEY_NAME)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(token + "\n")
    return token


def is_good(token: str, settings: Settings, platform: Any) -> bool:
    """Whether the token was signed with a key still in force, and the register knows it as not revoked."""
    try:
        identity = signer(settings).identify(token, system_clock())
    except Unauthorized:
        return False
    return any(key.id == identity.token_id and not key.revoked_at for key in platform.access_keys.List(PARTY))
