"""Business configuration with versions: commit onto the head, everything at once or nothing, every version for ever."""

import msgspec
import pytest

from processing.services.domain_config import RepositoryService
from processing.storage.port import Database
from rpc.failures import Unexpected
from rpc.protocol import base
from rpc.protocol import domain_config as config
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import ToldClock

HEAD = config.VersionRef(head=True)
KIND = config.ObjectKind


@pytest.fixture
def repository(database: Database) -> Asked:
    return Asked(RepositoryService(database, ToldClock()))


def at(version: int) -> config.VersionRef:
    return config.VersionRef(version=version)


def currency(code: str, exponent: int = 2, kind: int = KIND.CURRENCY, ref_id: str | None = None) -> config.DomainObject:
    data = config.ObjectData(currency=config.Currency(code=code, name=f"The {code}", exponent=exponent))
    return config.DomainObject(ref=config.ObjectRef(kind=kind, id=ref_id or code), data=data)


def country(country_id: str, *blocs: str) -> config.DomainObject:
    data = config.ObjectData(country=config.Country(id=country_id, name=country_id, trade_blocs=list(blocs)))
    return config.DomainObject(ref=config.ObjectRef(kind=KIND.COUNTRY, id=country_id), data=data)


def bloc(bloc_id: str) -> config.DomainObject:
    data = config.ObjectData(trade_bloc=config.TradeBloc(id=bloc_id, name=bloc_id))
    return config.DomainObject(ref=config.ObjectRef(kind=KIND.TRADE_BLOC, id=bloc_id), data=data)


def category(number: int, realm: str = "test") -> config.DomainObject:
    data = config.ObjectData(category=config.Category(id=number, name=f"category {number}", realm=realm))
    return config.DomainObject(ref=config.ObjectRef(kind=KIND.CATEGORY, id=str(number)), data=data)


def document(kind: int, doc_id: str, **fields: object) -> config.DomainObject:
    json = msgspec.json.encode({"id": doc_id, **fields}).decode()
    data = config.ObjectData(rules=config.RuleDocument(id=doc_id, json=json))
    return config.DomainObject(ref=config.ObjectRef(kind=kind, id=doc_id), data=data)


def insert(item: config.DomainObject) -> config.Operation:
    return config.Operation(insert=config.Insert(object=item))


def update(old: config.DomainObject, new: config.DomainObject) -> config.Operation:
    return config.Operation(update=config.Update(old_object=old, new_object=new))


def remove(item: config.DomainObject) -> config.Operation:
    return config.Operation(remove=config.Remove(object=item))


def commit(*operations: config.Operation, author: str = "op") -> config.Commit:
    return config.Commit(operations=list(operations), author=author)


def ids(repository: Asked, version: config.VersionRef = HEAD, kind: int = KIND.CURRENCY) -> list[str]:
    return [item.ref.id for item in repository.CheckoutKind(version, kind)]


# ---------------------------------------------------------------------------------------------------- versions


def test_version_0_is_empty(repository: Asked):
    assert repository.Checkout(HEAD) == config.Snapshot(version=0, objects=[])


def test_each_commit_makes_the_next_version_and_old_ones_stay(repository: Asked):
    assert repository.Commit(0, commit(insert(currency("RUB")), insert(currency("USD")))) == 1
    assert repository.Commit(1, commit(update(currency("USD"), currency("USD", 3)), remove(currency("RUB")))) == 2
    assert [ids(repository, at(version)) for version in (0, 1, 2)] == [[], ["RUB", "USD"], ["USD"]]
    ref = config.ObjectRef(kind=KIND.CURRENCY, id="USD")
    assert repository.CheckoutObject(at(1), ref) == currency("USD")
    assert repository.CheckoutObject(HEAD, ref) == currency("USD", 3)
    assert repository.Checkout(HEAD) == config.Snapshot(version=2, objects=[currency("USD", 3)])


def test_what_a_version_lacks_is_not_found(repository: Asked):
    repository.Commit(0, commit(insert(currency("RUB"))))
    for call in (
        lambda: repository.Checkout(at(2)),
        lambda: repository.CheckoutKind(at(-1), KIND.CURRENCY),
        lambda: repository.PullRange(5, 10),
        lambda: repository.Commit(7, commit()),
    ):
        with pytest.raises(config.VersionNotFound):
            call()
    with pytest.raises(config.ObjectNotFound):
        repository.CheckoutObject(HEAD, config.ObjectRef(kind=KIND.CURRENCY, id="USD"))


def test_a_commit_onto_an_old_version_is_refused(repository: Asked):
    repository.Commit(0, commit(insert(currency("RUB"))))
    with pytest.raises(config.ObsoleteCommitVersion) as refusal:
        repository.Commit(0, commit(insert(currency("USD"))))
    assert refusal.value.latest == 1
    assert ids(repository) == ["RUB"]


def test_the_same_commit_again_is_answered_as_done(repository: Asked):
    wanted = commit(insert(currency("RUB")))
    assert repository.Commit(0, wanted) == 1
    repository.Commit(1, commit(insert(currency("USD"))))
    assert repository.Commit(0, wanted) == 1
    assert repository.Checkout(HEAD).version == 2
    with pytest.raises(config.ObsoleteCommitVersion):
        repository.Commit(0, commit(insert(currency("RUB")), author="another"))


def test_a_pull_tells_what_happened_in_order(repository: Asked):
    changed = update(currency("RUB"), currency("RUB", 0))
    commits = [commit(insert(currency("RUB"))), commit(changed), commit(insert(bloc("EU")))]
    for base_version, wanted in enumerate(commits):
        repository.Commit(base_version, wanted)
    pulled = repository.PullRange(1, 10)
    assert [(record.version, record.commit) for record in pulled] == [(2, commits[1]), (3, commits[2])]
    assert pulled[0].created_at == "2026-03-01T12:00:00.000Z"
    assert [record.version for record in repository.PullRange(0, 1)] == [1]


def test_objects_of_a_kind_are_ordered_by_id(repository: Asked):
    repository.Commit(0, commit(*[insert(category(number)) for number in (10, 9, 1)]))
    assert ids(repository, kind=KIND.CATEGORY) == ["1", "9", "10"]


# --------------------------------------------------------------------------------------------------- conflicts


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ([insert(currency("RUB"))], "object already exists"),
        ([update(currency("USD"), currency("USD", 3))], "object not found"),
        ([remove(currency("USD"))], "object not found"),
        ([update(currency("RUB", 4), currency("RUB", 3))], "the object is not as given"),
        ([remove(currency("RUB", 4))], "the object is not as given"),
        ([update(currency("RUB"), currency("USD"))], "an update keeps the reference"),
        ([remove(currency("RUB")), remove(currency("RUB"))], "object not found"),
    ],
)
def test_an_operation_that_does_not_fit_is_a_conflict(repository: Asked, operations: list, reason: str):
    repository.Commit(0, commit(insert(currency("RUB"))))
    with pytest.raises(config.OperationConflict) as refusal:
        repository.Commit(1, commit(insert(currency("EUR")), *operations))
    assert refusal.value.reason == reason
    assert repository.Checkout(HEAD) == config.Snapshot(version=1, objects=[currency("RUB")])


def test_operations_of_a_commit_follow_one_another(repository: Asked):
    repository.Commit(0, commit(insert(currency("RUB"))))
    repository.Commit(
        1,
        commit(
            remove(currency("RUB")),
            insert(currency("RUB", 0)),
            update(currency("RUB", 0), currency("RUB", 1)),
            insert(currency("USD")),
            remove(currency("USD")),
        ),
    )
    assert repository.Checkout(HEAD).objects == [currency("RUB", 1)]
    assert repository.Checkout(at(1)).objects == [currency("RUB")]


# ------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (currency("RUB", 9), "CURRENCY RUB: the exponent must be 0 to 4"),
        (currency("RUB", ref_id="USD"), "CURRENCY USD: the data names RUB"),
        (currency("RUB", kind=KIND.COUNTRY), "COUNTRY RUB: the data is not of this kind"),
        (category(1, "moon"), "CATEGORY 1: the realm must be test or live"),
        (country("FRA", "EU"), "TRADE_BLOC EU does not exist, but COUNTRY FRA refers to it"),
        (
            document(KIND.TERMINAL, "t", name="t", provider="p"),
            "PROVIDER p does not exist, but TERMINAL t refers to it",
        ),
        (
            document(KIND.ROUTING, "r", candidates=[{"terminal": "t"}]),
            "TERMINAL t does not exist, but ROUTING r refers to it",
        ),
        (
            document(KIND.ACCOUNT_SET, "s", accounts={"RUB": {"settlement": 1}}),
            "CURRENCY RUB does not exist, but ACCOUNT_SET s refers to it",
        ),
        (document(KIND.ROUTING, "r", candidates=[], more=1), "ROUTING r: Object contains unknown field `more`"),
        (document(KIND.TERMS, "t"), "TERMS t: Object missing required field `currencies`"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_a_sentence(repository: Asked, item: config.DomainObject, sentence: str):
    with pytest.raises(config.OperationInvalid) as refusal:
        repository.Commit(0, commit(insert(bloc("EEA")), insert(item)))
    assert refusal.value.errors == [sentence]
    assert repository.Checkout(HEAD).version == 0


def test_what_something_refers_to_cannot_be_removed(repository: Asked):
    repository.Commit(0, commit(insert(country("FRA", "EU")), insert(bloc("EU"))))
    with pytest.raises(config.OperationInvalid):
        repository.Commit(1, commit(remove(bloc("EU"))))
    repository.Commit(1, commit(remove(bloc("EU")), update(country("FRA", "EU"), country("FRA"))))
    assert ids(repository, kind=KIND.TRADE_BLOC) == []


def test_an_unknown_kind_is_refused(repository: Asked):
    with pytest.raises(base.InvalidRequest):
        repository.CheckoutKind(HEAD, 77)


def test_merchants_read_and_operators_commit(repository: Asked):
    repository.Commit(0, commit(insert(currency("RUB"))))
    merchant = repository.by(as_party("demo"))
    assert ids(merchant) == ["RUB"]
    with pytest.raises(Unexpected):
        merchant.Commit(1, commit(insert(currency("USD"))))
    assert ids(repository) == ["RUB"]
