"""The service IdempotencyKeys as its IDL describes it, in memory: what the gateway's tests put in its place."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rpc.protocol import idempotency


@dataclass
class Row:
    operation: str
    fingerprint: dict[str, str]
    id: str
    attempt: int
    leased_until: datetime
    answer: Any = None


class FakeIdempotencyKeys:
    """`rows`: (party, key) -> Row. `fails`: function name -> exception to raise in its place."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.rows: dict[tuple[str, str], Row] = {}
        self.fails: dict[str, Exception] = {}
        self.said: list[str] = []

    def _say(self, name: str) -> None:
        self.said.append(name)
        if name in self.fails:
            raise self.fails[name]

    async def Begin(self, params: idempotency.BeginParams) -> idempotency.Outcome:
        self._say("Begin")
        now, place = self.clock(), (params.party_id, params.key)
        until = now + timedelta(seconds=params.lease_s)
        row = self.rows.get(place)
        if row is None:
            self.rows[place] = Row(params.operation, dict(params.fingerprint), params.id, 1, until)
            return idempotency.Outcome(started=idempotency.Started(id=params.id, attempt=1))
        if row.operation != params.operation or row.fingerprint != params.fingerprint:
            pointers = row.fingerprint.keys() | params.fingerprint.keys()
            differing = sorted(p for p in pointers if row.fingerprint.get(p) != params.fingerprint.get(p))
            return idempotency.Outcome(reused=idempotency.Reused(pointers=differing, operation=row.operation))
        if row.answer is not None:
            return idempotency.Outcome(replay=row.answer)
        if now < row.leased_until:
            left = int((row.leased_until - now).total_seconds()) + 1
            return idempotency.Outcome(in_use=idempotency.InUse(retry_after_s=left))
        row.attempt, row.leased_until = row.attempt + 1, until
        return idempotency.Outcome(started=idempotency.Started(id=row.id, attempt=row.attempt))

    def _held(self, party_id: str, key: str, attempt: int) -> Row:
        row = self.rows.get((party_id, key))
        if row is None or row.attempt != attempt:
            raise idempotency.AttemptOver()
        return row

    async def Finish(self, party_id: str, key: str, attempt: int, answer: idempotency.Answer) -> None:
        self._say("Finish")
        row = self._held(party_id, key, attempt)
        row.answer = row.answer or answer

    async def Release(self, party_id: str, key: str, attempt: int) -> None:
        self._say("Release")
        row = self._held(party_id, key, attempt)
        row.leased_until = self.clock()
        if attempt == 1 and row.answer is None:
            del self.rows[party_id, key]

    async def Suspend(self, party_id: str, key: str, attempt: int) -> None:
        self._say("Suspend")
        self._held(party_id, key, attempt).leased_until = self.clock()
