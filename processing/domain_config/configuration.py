"""What the rest of the platform reads: one version of the configuration, parsed, kept by version.

A version never changes, so a parsed one is right for ever; only the question which one is the newest goes to the
database. A payment keeps the version that it began with.
"""

import threading
from collections import OrderedDict
from functools import cached_property
from typing import Any

from processing.domain.errors import Misconfiguration
from processing.domain.terms import Catalogue, Terms, parse_document
from processing.domain_config import repository
from processing.domain_config.objects import Category, Country, Currency, Kind, TradeBloc
from processing.storage.port import Database

VERSIONS_KEPT_MAX = 16


class Revision:
    """All objects of one version. What is not asked for is not parsed."""

    def __init__(self, version: int, objects: dict[Kind, dict[str, Any]]) -> None:
        self.version = version
        self._objects = objects

    @cached_property
    def currencies(self) -> dict[str, Currency]:
        """By ISO 4217 code."""
        return self._objects.get(Kind.CURRENCY, {})

    @cached_property
    def categories(self) -> dict[int, Category]:
        """By id."""
        return {category.id: category for category in self._objects.get(Kind.CATEGORY, {}).values()}

    @cached_property
    def countries(self) -> dict[str, Country]:
        """By ISO 3166-1 alpha-3 code."""
        return self._objects.get(Kind.COUNTRY, {})

    @cached_property
    def trade_blocs(self) -> dict[str, TradeBloc]:
        """By id."""
        return self._objects.get(Kind.TRADE_BLOC, {})

    @cached_property
    def catalogue(self) -> Catalogue:
        """The rule documents that a payment may need, parsed."""
        return Catalogue(
            rulesets=self._documents(Kind.ROUTING),
            terminals=self._documents(Kind.TERMINAL),
            providers=self._documents(Kind.PROVIDER),
            account_sets=self._documents(Kind.ACCOUNT_SET),
        )

    @cached_property
    def all_terms(self) -> dict[str, Terms]:
        """By contract id."""
        return self._documents(Kind.TERMS)

    def terms(self, contract_id: str) -> Terms:
        """What the contract lets its shops do. Raises Misconfiguration when this version has no such document."""
        if contract_id not in self.all_terms:
            raise Misconfiguration(f"no terms {contract_id} in version {self.version}")
        return self.all_terms[contract_id]

    def _documents(self, kind: Kind) -> dict[str, Any]:
        return {key: parse_document(kind, data.json) for key, data in self._objects.get(kind, {}).items()}


class Configuration:
    """The versions of a database; shared by all threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, Revision] = OrderedDict()
        self._lock = threading.Lock()

    def head(self) -> Revision:
        """The newest version."""
        return self.at(repository.head_of(self._database))

    def at(self, number: int) -> Revision:
        """That version. Raises repository.VersionNotFound."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        with self._database.read() as tx:
            revision = Revision(number, repository.checkout(tx, number))
        with self._lock:
            self._kept[number] = revision
            while len(self._kept) > VERSIONS_KEPT_MAX:
                self._kept.popitem(last=False)
        return revision
