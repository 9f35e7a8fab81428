"""Configuration objects, operations and commits: ours <-> Thrift."""

from typing import Any

from processing.domain.errors import InvalidRequest
from processing.domain_config import objects, repository
from processing.domain_config.objects import ConfigObject, Kind, Ref
from processing.services.wire.mirror import mirror
from processing.services.wire.times import to_text
from rpc.protocol import domain_config

MEMBERS = {
    Kind.CURRENCY: "currency",
    Kind.CATEGORY: "category",
    Kind.COUNTRY: "country",
    Kind.TRADE_BLOC: "trade_bloc",
}
"""Kind -> member of ObjectData; every other kind is a rule document."""

RULES = "rules"
DATA = {
    "currency": mirror(objects.Currency, domain_config.Currency),
    "category": mirror(objects.Category, domain_config.Category),
    "country": mirror(objects.Country, domain_config.Country),
    "trade_bloc": mirror(objects.TradeBloc, domain_config.TradeBloc),
    RULES: mirror(objects.RuleDocument, domain_config.RuleDocument),
}


def kind_to_ours(number: int) -> Kind:
    """Raises InvalidRequest for a kind unknown here."""
    name = domain_config.ObjectKind.name_of(number)
    if name is None:
        raise InvalidRequest([f"object kind {number} is not known here"])
    return Kind(name)


def ref_to_ours(ref: domain_config.ObjectRef) -> Ref:
    return Ref(kind_to_ours(ref.kind), ref.id)


def ref_to_thrift(ref: Ref) -> domain_config.ObjectRef:
    return domain_config.ObjectRef(kind=domain_config.ObjectKind.number_of(ref.kind), id=ref.id)


def object_to_thrift(item: ConfigObject) -> domain_config.DomainObject:
    member = MEMBERS.get(item.ref.kind, RULES)
    data = domain_config.ObjectData(**{member: DATA[member].to_thrift(item.data)})
    return domain_config.DomainObject(ref=ref_to_thrift(item.ref), data=data)


def object_to_ours(item: domain_config.DomainObject) -> ConfigObject:
    return ConfigObject(ref_to_ours(item.ref), DATA[item.data.which()].to_domain(item.data.value))


def commit_to_ours(commit: domain_config.Commit) -> repository.Commit:
    operations = tuple(operation_to_ours(operation) for operation in commit.operations)
    return repository.Commit(operations, commit.author, commit.message)


def operation_to_ours(operation: domain_config.Operation) -> repository.Operation:
    said: Any = operation.value
    match operation.which():
        case "insert":
            return repository.Insert(object_to_ours(said.object))
        case "update":
            return repository.Update(object_to_ours(said.old_object), object_to_ours(said.new_object))
        case _:
            return repository.Remove(object_to_ours(said.object))


def operation_to_thrift(operation: repository.Operation) -> domain_config.Operation:
    match operation:
        case repository.Insert(item):
            return domain_config.Operation(insert=domain_config.Insert(object=object_to_thrift(item)))
        case repository.Update(old, new):
            update = domain_config.Update(old_object=object_to_thrift(old), new_object=object_to_thrift(new))
            return domain_config.Operation(update=update)
        case repository.Remove(item):
            return domain_config.Operation(remove=domain_config.Remove(object=object_to_thrift(item)))


def record_to_thrift(record: repository.CommitRecord) -> domain_config.CommitRecord:
    made = record.commit
    return domain_config.CommitRecord(
        version=record.version,
        commit=domain_config.Commit(
            operations=[operation_to_thrift(operation) for operation in made.operations],
            author=made.author,
            message=made.message,
        ),
        created_at=to_text(record.created_at),
    )
