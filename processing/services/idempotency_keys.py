"""The Thrift face of the merchants' own keys of their requests."""

from datetime import datetime, timedelta
from typing import Any

from processing import idempotency_keys
from processing.domain.errors import InvalidRequest
from processing.idempotency_keys import (
    Answer,
    AttemptOver,
    IdempotencyKeys,
    InUse,
    Key,
    Request,
    Reused,
    Started,
    State,
)
from processing.services.access import require_owner
from processing.services.wire.times import to_text
from rpc.context import Context
from rpc.protocol import idempotency as protocol
from settings.clock import Clock

KEY_CHARS_MAX = 255
LEASE_S_MAX = 3600


class IdempotencyKeysService:
    """Serves idempotency.IdempotencyKeys."""

    def __init__(self, keys: IdempotencyKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def Begin(self, context: Context, params: protocol.BeginParams) -> protocol.Outcome:
        key = _key(context, params.party_id, params.key)
        if not 1 <= params.lease_s <= LEASE_S_MAX:
            raise InvalidRequest([f"A lease is between 1 and {LEASE_S_MAX} seconds"])
        request = Request(params.operation, params.fingerprint, params.id)
        return _outcome(self._keys.begin(key, request, timedelta(seconds=params.lease_s), self._clock()))

    def Finish(self, context: Context, party_id: str, key: str, attempt: int, answer: protocol.Answer) -> None:
        kept = Answer(answer.status, answer.headers, answer.body, answer.resource)
        _fenced(self._keys.finish, _key(context, party_id, key), attempt, kept, self._clock())

    def Release(self, context: Context, party_id: str, key: str, attempt: int) -> None:
        _fenced(self._keys.release, _key(context, party_id, key), attempt)

    def Suspend(self, context: Context, party_id: str, key: str, attempt: int) -> None:
        _fenced(self._keys.suspend, _key(context, party_id, key), attempt)

    def Get(self, context: Context, party_id: str, key: str) -> protocol.KeyState:
        now = self._clock()
        state = self._keys.find(_key(context, party_id, key), now)
        if state is None:
            return protocol.KeyState(status=protocol.KeyStatus.UNKNOWN)
        return protocol.KeyState(
            status=_status(state, now),
            operation=state.operation,
            created_at=to_text(state.created_at),
            finished_at=state.finished_at and to_text(state.finished_at),
            expires_at=to_text(state.created_at + self._keys.kept),
            id=state.id,
            resource=state.resource,
            answer=state.answer and _answer(state.answer),
            attempt=state.attempt,
        )


def _key(context: Context, party_id: str, name: str) -> Key:
    """Raises AccessDenied for another party's key, InvalidRequest for a name that is none."""
    require_owner(context, party_id)
    if not (0 < len(name) <= KEY_CHARS_MAX and all("!" <= char <= "~" for char in name)):
        raise InvalidRequest([f"A key is 1..{KEY_CHARS_MAX} visible ASCII characters"])
    return Key(party_id, name)


def _status(state: State, now: datetime) -> int:
    """Running is only what somebody still has the right to finish."""
    if state.answer is not None:
        return protocol.KeyStatus.DONE
    return protocol.KeyStatus.RUNNING if state.lease_until > now else protocol.KeyStatus.INTERRUPTED


def _fenced(function: Any, *arguments: Any) -> None:
    try:
        function(*arguments)
    except AttemptOver:
        raise protocol.AttemptOver from None


def _outcome(found: Started | Answer | InUse | Reused) -> protocol.Outcome:
    match found:
        case Started():
            return protocol.Outcome(started=protocol.Started(id=found.id, attempt=found.attempt))
        case Answer():
            return protocol.Outcome(replay=_answer(found))
        case InUse():
            return protocol.Outcome(in_use=protocol.InUse(retry_after_s=found.retry_after_s))
        case Reused():
            return protocol.Outcome(reused=protocol.Reused(pointers=list(found.pointers), operation=found.operation))


def _answer(kept: idempotency_keys.Answer) -> protocol.Answer:
    return protocol.Answer(status=kept.status, headers=dict(kept.headers), body=kept.body, resource=kept.resource)
