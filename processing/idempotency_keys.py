"""A party's own keys of its requests: of any number of repeats one at a time does the work, the rest get its answer.

An attempt owns its key until its lease ends or it says how it went; what a later one says is not taken from an earlier
one (fencing by the attempt's number). An attempt that ended without a word is followed by one with the same id, so that
work which is idempotent by id is carried on and never done twice.

What several threads write at a time goes into one transaction: two commits a request would else be its greatest cost.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from processing.sealing import SealingKeys
from processing.storage.moments import from_ms, to_ms
from processing.storage.port import Database, Row, Tx, Unavailable
from processing.storage.together import Together

RETRY_AFTER_S_MAX = 5
"""Most requests are over long before their lease: whoever waits is asked back soon."""

TRIES = 5

COLUMNS = "operation, fingerprint, object_id, attempt, lease_until_ms, created_at_ms, finished_at_ms, resource, answer"


class AttemptOver(Exception):
    """Another attempt has the key, or nobody has it: nothing was written."""


class Key(NamedTuple):
    party_id: str
    name: str


class Request(NamedTuple):
    """What is asked. `fingerprint`: JSON pointer -> digest; `id`: wanted for the object to be made."""

    operation: str
    fingerprint: Mapping[str, str]
    id: str | None = None


class Answer(NamedTuple):
    """`resource` names the object for whoever looks the key up."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    resource: str | None = None


class Started(NamedTuple):
    """`id` is that of the first attempt."""

    id: str | None
    attempt: int


class InUse(NamedTuple):
    retry_after_s: int


class Reused(NamedTuple):
    """`pointers`: where the requests differ, sorted. `operation`: what the key was used for."""

    pointers: tuple[str, ...]
    operation: str


class State(NamedTuple):
    """A key as it is stored. `answer` is None until it is finished."""

    operation: str
    fingerprint: Mapping[str, str]
    id: str | None
    attempt: int
    lease_until: datetime
    created_at: datetime
    finished_at: datetime | None
    resource: str | None
    answer: Answer | None


class Change(NamedTuple):
    """What is to be written about a key; several keys' changes may share a transaction."""

    key: Key
    do: Callable[[Tx], Any]


class IdempotencyKeys:
    """All keys of a database. `kept`: how long after its first use a key is known."""

    def __init__(self, database: Database, seals: SealingKeys, kept: timedelta) -> None:
        self._database = database
        self._seals = seals
        self._changes = Together(database, _write_each, key=lambda change: change.key)
        self.kept = kept

    def begin(self, key: Key, request: Request, lease: timedelta, now: datetime) -> Started | Answer | InUse | Reused:
        """The right to do the work, the answer that it had, or why there is neither."""
        return self._write(key, lambda tx: self._begin(tx, key, request, lease, now))

    def _begin(
        self, tx: Tx, key: Key, request: Request, lease: timedelta, now: datetime
    ) -> Started | Answer | InUse | Reused:
        for _ in range(TRIES):
            if _insert(tx, key, request, now + lease, now):
                return Started(request.id, 1)
            known = self._state(key, _row(tx, key, lock=True))
            if known is not None and known.created_at + self.kept > now:
                return self._again(tx, key, known, request, lease, now)
            # It was released between the two statements, and may be somebody else's by the next; or it is too old.
            if known is not None:
                _delete(tx, key)
        raise Unavailable("the key is being released again and again")

    def _again(
        self, tx: Tx, key: Key, known: State, request: Request, lease: timedelta, now: datetime
    ) -> Started | Answer | InUse | Reused:
        pointers = differences(known.fingerprint, request.fingerprint)
        if pointers or known.operation != request.operation:
            return Reused(pointers, known.operation)
        if known.answer is not None:
            return known.answer
        if known.lease_until > now:
            return InUse(min(RETRY_AFTER_S_MAX, max(1, -((now - known.lease_until) // timedelta(seconds=1)))))
        tx.execute(
            "UPDATE idempotency_keys SET attempt = ?, lease_until_ms = ? WHERE party_id = ? AND key = ?",
            (known.attempt + 1, to_ms(now + lease), *key),
        )
        return Started(known.id, known.attempt + 1)

    def finish(self, key: Key, attempt: int, answer: Answer, now: datetime) -> None:
        """Keeps the answer. The first one of an attempt counts. Raises AttemptOver."""
        sealed = self._seals.seal(msgspec.msgpack.encode(answer), _owner(key))
        change = (
            "UPDATE idempotency_keys SET finished_at_ms = ?, resource = ?, answer = ?"
            " WHERE party_id = ? AND key = ? AND finished_at_ms IS NULL"
        )
        self._write(key, lambda tx: _as(tx, key, attempt, change, (to_ms(now), answer.resource, sealed, *key)))

    def release(self, key: Key, attempt: int) -> None:
        """Nothing was done: the key is free. After an attempt that may have done something it is suspended instead.

        A finished key stays. Raises AttemptOver.
        """
        if attempt > 1:
            self.suspend(key, attempt)
            return
        change = "DELETE FROM idempotency_keys WHERE party_id = ? AND key = ? AND finished_at_ms IS NULL"
        self._write(key, lambda tx: _as(tx, key, attempt, change, key))

    def suspend(self, key: Key, attempt: int) -> None:
        """What was done is not known: the next attempt may begin at once. A finished key stays. Raises AttemptOver."""
        change = "UPDATE idempotency_keys SET lease_until_ms = 0 WHERE party_id = ? AND key = ?"
        self._write(key, lambda tx: _as(tx, key, attempt, change, key))

    def find(self, key: Key, now: datetime) -> State | None:
        """The key, unless it is not known, or not any more."""
        with self._database.read() as tx:
            known = self._state(key, _row(tx, key))
        return known if known is not None and known.created_at + self.kept > now else None

    def _write(self, key: Key, do: Callable[[Tx], Any]) -> Any:
        return self._changes.write(Change(key, do))

    def _state(self, key: Key, row: Row | None) -> State | None:
        if row is None:
            return None
        operation, fingerprint, object_id, attempt, lease_until_ms, created_at_ms, finished_at_ms, resource, sealed = (
            row
        )
        answer = sealed and msgspec.msgpack.decode(self._seals.open(bytes(sealed), _owner(key)), type=Answer)
        return State(
            operation,
            msgspec.json.decode(fingerprint, type=dict[str, str]),
            object_id,
            attempt,
            from_ms(lease_until_ms),
            from_ms(created_at_ms),
            None if finished_at_ms is None else from_ms(finished_at_ms),
            resource,
            answer,
        )


def differences(known: Mapping[str, str], said: Mapping[str, str]) -> tuple[str, ...]:
    """Pointers that only one of the two has, or whose digests differ, sorted."""
    return tuple(sorted(pointer for pointer in {*known, *said} if known.get(pointer) != said.get(pointer)))


def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Forgets keys first used before the moment, the oldest first; returns how many."""
    rows = tx.execute(
        "SELECT party_id, key FROM idempotency_keys WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?",
        (to_ms(before), limit),
    ).all()
    # One that was used anew since it was read is young, and may be at work.
    tx.execute_each(
        "DELETE FROM idempotency_keys WHERE party_id = ? AND key = ? AND created_at_ms < ?",
        [(*row, to_ms(before)) for row in rows],
    )
    return len(rows)


def _insert(tx: Tx, key: Key, request: Request, lease_until: datetime, now: datetime) -> bool:
    made = tx.execute(
        "INSERT INTO idempotency_keys (party_id, key, operation, fingerprint, object_id, lease_until_ms, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (party_id, key) DO NOTHING",
        (
            *key,
            request.operation,
            msgspec.json.encode(dict(request.fingerprint)).decode(),
            request.id,
            to_ms(lease_until),
            to_ms(now),
        ),
    )
    return made.rowcount == 1


def _row(tx: Tx, key: Key, *, lock: bool = False) -> Row | None:
    ending = tx.row_lock if lock else ""
    return tx.execute(
        f"SELECT {COLUMNS} FROM idempotency_keys WHERE party_id = ? AND key = ?{ending}",  # noqa: S608 - our own words
        key,
    ).one()


def _write_each(tx: Tx, changes: Sequence[Change]) -> list[Any]:
    return [change.do(tx) for change in changes]


def _as(tx: Tx, key: Key, attempt: int, change: str, params: Sequence[Any]) -> None:
    """Makes the change in the name of the attempt. Raises AttemptOver."""
    row = _row(tx, key, lock=True)
    if row is None or row[3] != attempt:
        raise AttemptOver
    tx.execute(change, params)


def _delete(tx: Tx, key: Key) -> None:
    tx.execute("DELETE FROM idempotency_keys WHERE party_id = ? AND key = ?", key)


def _owner(key: Key) -> str:
    """What a sealed answer is bound to."""
    return f"idempotency {key.party_id} {key.name}"
