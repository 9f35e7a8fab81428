"""The configuration that a new platform begins with, and how the rest of the platform reads it."""

import re

import pytest

from processing.domain.errors import Misconfiguration
from processing.domain_config import repository
from processing.domain_config.configuration import Configuration
from processing.domain_config.objects import ConfigObject, Currency, Kind, Ref
from processing.domain_config.repository import Commit, Insert
from processing.domain_config.seeding import seed
from processing.ledger import book
from processing.storage.migrations import migrate
from processing.storage.sqlite import SqliteDatabase
from tests.processing.sandbox import NOW


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabase:
    database = SqliteDatabase(tmp_path_factory.mktemp("seed") / "config.sqlite")
    migrate(database, NOW)
    assert seed(database, NOW)
    return database


@pytest.fixture
def configuration(seeded: SqliteDatabase) -> Configuration:
    return Configuration(seeded)


def test_a_second_start_seeds_nothing(seeded: SqliteDatabase):
    assert not seed(seeded, NOW)
    with seeded.read() as tx:
        assert repository.head(tx) == 1


def test_every_country_and_currency_has_its_code(configuration: Configuration):
    head = configuration.head()
    assert len(head.countries) == 249
    assert all(re.fullmatch("[A-Z]{3}", code) for code in [*head.countries, *head.currencies])
    exponents = {code: head.currencies[code].exponent for code in ("RUB", "USD", "EUR", "JPY", "KWD", "XOF")}
    assert exponents == {"RUB": 2, "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "XOF": 0}


def test_the_economic_area_is_the_union_and_three_more(configuration: Configuration):
    members = {
        bloc: {code for code, country in configuration.head().countries.items() if bloc in country.trade_blocs}
        for bloc in ("EU", "EEA", "EFTA")
    }
    assert len(members["EU"]) == 27
    assert members["EEA"] - members["EU"] == {"ISL", "LIE", "NOR"}
    assert members["EFTA"] == {"ISL", "LIE", "NOR", "CHE"}


def test_the_demo_terms_can_be_carried_out(configuration: Configuration, seeded: SqliteDatabase):
    head = configuration.head()
    terms = head.terms("default")
    assert (terms.holds.allowed, terms.holds.lifetime_s, terms.refunds.allowed) == (True, 7 * 86400, True)
    accounts = head.catalogue.account_sets[terms.system_accounts].accounts
    assert set(accounts) == {"RUB", "USD", "EUR"}
    with seeded.read() as tx:
        for currency, named in accounts.items():
            assert all(book.get_account(tx, account_id).currency == currency for account_id in named.values())


def test_terms_that_are_not_there_are_a_misconfiguration(configuration: Configuration):
    with pytest.raises(Misconfiguration):
        configuration.head().terms("none")


def test_a_version_is_read_once_and_never_changes(seeded: SqliteDatabase):
    configuration = Configuration(seeded)
    first = configuration.head()
    assert configuration.at(1) is first
    gold = ConfigObject(Ref(Kind.CURRENCY, "QQQ"), Currency(code="QQQ", name="Play money", exponent=0))
    with seeded.transaction() as tx:
        repository.commit(tx, 1, Commit((Insert(gold),), "op"), NOW)
    assert configuration.head().version == 2
    assert "QQQ" in configuration.head().currencies
    assert "QQQ" not in configuration.at(1).currencies
    with pytest.raises(repository.VersionNotFound):
        configuration.at(9)
