"""The versions: commit onto the head, check out any version, pull what happened since.

An object's row says from which version on it stood so, and until which; a removed object stays in the old versions.
Every function works inside a transaction that the caller opened.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from processing.domain_config import objects
from processing.domain_config.objects import ConfigObject, InvalidObject, Kind, Ref
from processing.domain_config.references import dangling
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Tx


class Insert(NamedTuple):
    object: ConfigObject


class Update(NamedTuple):
    old_object: ConfigObject
    new_object: ConfigObject


class Remove(NamedTuple):
    object: ConfigObject


Operation = Insert | Update | Remove


class Commit(NamedTuple):
    operations: tuple[Operation, ...]
    author: str
    message: str | None = None


class CommitRecord(NamedTuple):
    version: int
    commit: Commit
    created_at: datetime


class VersionNotFound(Exception):
    """There is no such version (yet)."""


class ObjectNotFound(Exception):
    """The version has no such object."""


class Obsolete(Exception):
    """The base is not the head any more."""

    def __init__(self, latest: int) -> None:
        super().__init__(latest)
        self.latest = latest


class OperationConflict(Exception):
    """An operation does not fit what the base holds."""

    def __init__(self, reason: str, ref: Ref) -> None:
        super().__init__(f"{ref}: {reason}")
        self.reason = reason
        self.ref = ref


class OperationInvalid(Exception):
    """The version that the commit would make breaks rules; a sentence for each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


HEAD = "SELECT COALESCE(MAX(version), 0) FROM config_commits"


def head(tx: Tx) -> int:
    """The newest version; 0 before the first commit."""
    return tx.execute(HEAD).one()[0]


def head_of(database: Database) -> int:
    """The newest version now, for who reads nothing else."""
    return database.ask(HEAD)[0][0]


def commit(tx: Tx, base_version: int, wanted: Commit, now: datetime) -> int:
    """The version that the commit made. One equal to the commit already made on that base is answered as done.

    Raises VersionNotFound, Obsolete, OperationConflict, OperationInvalid; nothing is done then.
    """
    latest = head(tx)
    if not 0 <= base_version <= latest:
        raise VersionNotFound
    text = _encode(wanted.operations)
    if base_version != latest:
        if _is_repeat(tx, base_version + 1, wanted, text):
            return base_version + 1
        raise Obsolete(latest)
    version = latest + 1
    tx.execute(
        "INSERT INTO config_commits (version, author, message, operations, created_at_ms) VALUES (?, ?, ?, ?, ?)",
        (version, wanted.author, wanted.message, text, to_ms(now)),
    )
    for operation in wanted.operations:
        _carry_out(tx, version, operation)
    broken = dangling(checkout(tx, version))
    if broken:
        raise OperationInvalid(broken)
    return version


def checkout(tx: Tx, version: int) -> dict[Kind, dict[str, Any]]:
    """Every object of the version, by kind and id. Raises VersionNotFound."""
    _require(tx, version)
    rows = tx.execute(
        "SELECT kind, id, data FROM config_objects WHERE from_version <= ? AND (to_version IS NULL OR to_version > ?)"
        " ORDER BY kind, id",
        (version, version),
    )
    found: dict[Kind, dict[str, Any]] = {}
    for kind, object_id, data in rows.all():
        found.setdefault(Kind(kind), {})[object_id] = objects.decode(Kind(kind), data)
    return found


def checkout_kind(tx: Tx, version: int, kind: Kind) -> list[ConfigObject]:
    """The version's objects of one kind, in order of id (numbers as numbers). Raises VersionNotFound."""
    _require(tx, version)
    rows = tx.execute(
        "SELECT id, data FROM config_objects WHERE kind = ? AND from_version <= ?"
        " AND (to_version IS NULL OR to_version > ?)",
        (kind, version, version),
    )
    found = [ConfigObject(Ref(kind, object_id), objects.decode(kind, data)) for object_id, data in rows.all()]
    return sorted(found, key=lambda item: item.ref.id.zfill(20) if item.ref.id.isdigit() else item.ref.id)


def checkout_object(tx: Tx, version: int, ref: Ref) -> ConfigObject:
    """Raises VersionNotFound, ObjectNotFound."""
    _require(tx, version)
    data = _stored(tx, version, ref)
    if data is None:
        raise ObjectNotFound
    return ConfigObject(ref, objects.decode(ref.kind, data))


def pull(tx: Tx, after: int, limit: int) -> list[CommitRecord]:
    """The commits above the version `after`, in order. Raises VersionNotFound."""
    _require(tx, after)
    rows = tx.execute(
        "SELECT version, author, message, operations, created_at_ms FROM config_commits"
        " WHERE version > ? ORDER BY version LIMIT ?",
        (after, limit),
    )
    return [
        CommitRecord(version, Commit(_decode(text), author, message), from_ms(at))
        for version, author, message, text, at in rows.all()
    ]


def _require(tx: Tx, version: int) -> None:
    if not 0 <= version <= head(tx):
        raise VersionNotFound


def _is_repeat(tx: Tx, version: int, wanted: Commit, text: str) -> bool:
    made = tx.execute("SELECT author, message, operations FROM config_commits WHERE version = ?", (version,)).one()
    return made == (wanted.author, wanted.message, text)


def _stored(tx: Tx, version: int, ref: Ref) -> str | None:
    row = tx.execute(
        "SELECT data FROM config_objects WHERE kind = ? AND id = ? AND from_version <= ?"
        " AND (to_version IS NULL OR to_version > ?)",
        (ref.kind, ref.id, version, version),
    ).one()
    return row[0] if row else None


def _carry_out(tx: Tx, version: int, operation: Operation) -> None:
    match operation:
        case Insert(item):
            if _stored(tx, version, item.ref) is not None:
                raise OperationConflict("object already exists", item.ref)
            _put(tx, version, item)
        case Update(old, new):
            if old.ref != new.ref:
                raise OperationConflict("an update keeps the reference", old.ref)
            _end(tx, version, old)
            _put(tx, version, new)
        case Remove(item):
            _end(tx, version, item)


def _put(tx: Tx, version: int, item: ConfigObject) -> None:
    try:
        objects.check(item)
    except InvalidObject as fault:
        raise OperationInvalid([str(fault)]) from None
    tx.execute(
        "INSERT INTO config_objects (kind, id, from_version, data) VALUES (?, ?, ?, ?)",
        (item.ref.kind, item.ref.id, version, objects.encode(item.data)),
    )


def _end(tx: Tx, version: int, item: ConfigObject) -> None:
    """The object that stands so before this commit, or was made by it, stands so no more."""
    data = _stored(tx, version, item.ref)
    if data is None:
        raise OperationConflict("object not found", item.ref)
    if data != objects.encode(item.data):
        raise OperationConflict("the object is not as given", item.ref)
    of_this_commit = tx.execute(
        "DELETE FROM config_objects WHERE kind = ? AND id = ? AND from_version = ?", (*item.ref, version)
    )
    if not of_this_commit.rowcount:
        tx.execute(
            "UPDATE config_objects SET to_version = ? WHERE kind = ? AND id = ? AND to_version IS NULL",
            (version, *item.ref),
        )


OPERATIONS: Mapping[str, Callable[..., Operation]] = {"insert": Insert, "update": Update, "remove": Remove}


def _encode(operations: tuple[Operation, ...]) -> str:
    plain = [[type(operation).__name__.lower(), *map(_plain, operation)] for operation in operations]
    return msgspec.json.encode(plain).decode()


def _plain(item: ConfigObject) -> list[str]:
    return [*item.ref, objects.encode(item.data)]


def _decode(text: str) -> tuple[Operation, ...]:
    return tuple(OPERATIONS[name](*map(_object, items)) for name, *items in msgspec.json.decode(text))


def _object(plain: list[str]) -> ConfigObject:
    ref = Ref(Kind(plain[0]), plain[1])
    return ConfigObject(ref, objects.decode(ref.kind, plain[2]))
