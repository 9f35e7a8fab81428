"""Version 1 of the configuration, from the documents in seed/.

The documents are what an operator would commit: currencies (ISO 4217), countries (ISO 3166-1), trade blocs, categories,
and the terms, provider, terminal and routing of the sandbox. An account set says which ledger accounts there have to
be; they are opened in the same transaction, and their numbers written into the document.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from processing.domain_config import objects, repository
from processing.domain_config.objects import STRUCTS, ConfigObject, Kind, Ref, RuleDocument
from processing.domain_config.repository import Commit, Insert
from processing.ledger import book
from processing.storage.port import Conflict, Database, Tx

FOLDER = Path(__file__).with_name("seed")
FILES = {
    Kind.CURRENCY: "currencies.json",
    Kind.CATEGORY: "categories.json",
    Kind.TRADE_BLOC: "trade_blocs.json",
    Kind.COUNTRY: "countries.json",
    Kind.ACCOUNT_SET: "account_sets.json",
    Kind.TERMS: "terms.json",
    Kind.PROVIDER: "providers.json",
    Kind.TERMINAL: "terminals.json",
    Kind.ROUTING: "rulesets.json",
}
AUTHOR, MESSAGE = "platform", "The sandbox's configuration"


def seed(database: Database, now: datetime) -> bool:
    """Makes version 1 where there is none; False when there was one, or another process was quicker."""
    with database.read() as tx:
        if repository.head(tx):
            return False
    try:
        with database.transaction() as tx:
            if repository.head(tx):
                return False
            operations = tuple(Insert(item) for item in documents(tx, now))
            repository.commit(tx, 0, Commit(operations, AUTHOR, MESSAGE), now)
    except (repository.Obsolete, Conflict):
        return False
    return True


def documents(tx: Tx, now: datetime) -> Iterator[ConfigObject]:
    """Every object of the folder; ledger accounts are opened on the way."""
    for kind, file in FILES.items():
        for plain in msgspec.json.decode((FOLDER / file).read_bytes()):
            if kind is Kind.ACCOUNT_SET:
                plain = with_accounts(tx, plain, now)
            yield as_object(kind, plain)


def with_accounts(tx: Tx, wanted: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The document of an account set; an account for each currency and name."""
    accounts = {
        currency: {name: book.create_account(tx, currency, f"{wanted['id']} {name}", now) for name in wanted["names"]}
        for currency in wanted["currencies"]
    }
    return {"id": wanted["id"], "accounts": accounts}


def as_object(kind: Kind, plain: dict[str, Any]) -> ConfigObject:
    """The object of a seed entry; rule documents keep their JSON."""
    if STRUCTS[kind] is RuleDocument:
        data = RuleDocument(id=plain["id"], json=msgspec.json.encode(plain).decode())
    else:
        data = msgspec.convert(plain, STRUCTS[kind])
    return ConfigObject(Ref(kind, objects.id_of(data)), data)
