"""Plans of postings and the rules for changing them, pure.

Refusals come in this order: the shape of what was sent, the plan (not found, another content, its end), the postings
(accounts and currencies), the balances. What was done already is answered as done.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from processing.ledger.errors import InvalidPostingParams, InvalidRequest, PlanNotFound

I64_MAX = 2**63 - 1
I64_MIN = -(2**63)


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` in minor units of `currency`, which is that of both accounts."""

    from_id: int
    to_id: int
    amount: int
    currency: str
    description: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of atomicity. Batch ids of a plan strictly grow."""

    id: int
    postings: tuple[Posting, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    batches: tuple[Batch, ...]


class PlanStatus(StrEnum):
    HELD = "held"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"


class PlanState(msgspec.Struct, frozen=True, kw_only=True):
    plan: Plan
    status: PlanStatus


def hold(state: PlanState | None, plan_id: str, batch: Batch) -> PlanState:
    """The plan with the batch; the very same `state` when it holds an equal batch already.

    Raises InvalidRequest, InvalidPostingParams.
    """
    _require_name(plan_id)
    _require_shape(batch)
    if state is None:
        return PlanState(plan=Plan(id=plan_id, batches=(batch,)), status=PlanStatus.HELD)
    known = {held.id: held for held in state.plan.batches}.get(batch.id)
    if known is not None:
        _require_equal(known, batch)
        return state
    if state.status is not PlanStatus.HELD:
        raise InvalidRequest([f"the plan was {_ended(state)}"])
    if batch.id < state.plan.batches[-1].id:
        raise InvalidRequest(["batch ids of a plan grow"])
    return replace(state, plan=replace(state.plan, batches=(*state.plan.batches, batch)))


def resolve(state: PlanState | None, plan: Plan, status: PlanStatus) -> PlanState:
    """The plan committed or rolled back; the very same `state` when it is so already.

    Raises InvalidRequest, PlanNotFound, InvalidPostingParams.
    """
    _require_name(plan.id)
    if not plan.batches:
        raise InvalidRequest(["the plan is empty"])
    for batch in plan.batches:
        _require_shape(batch)
    if state is None:
        raise PlanNotFound(plan.id)
    _require_same_batches(state.plan, plan)
    if state.status is status:
        return state
    if state.status is not PlanStatus.HELD:
        raise InvalidRequest([f"the plan was {_ended(state)}"])
    return replace(state, status=status)


def check_accounts(batch: Batch, currencies: Mapping[int, str]) -> None:
    """`currencies`: account id -> its currency, for the accounts that exist. Raises InvalidPostingParams."""
    wrong = {position: _wrong_account(posting, currencies) for position, posting in enumerate(batch.postings)}
    _refuse(wrong)


def nets(batches: Iterable[Batch]) -> dict[int, int]:
    """Account id -> what it gains by the postings; negative: what it loses."""
    gains: dict[int, int] = {}
    for batch in batches:
        for posting in batch.postings:
            gains[posting.from_id] = gains.get(posting.from_id, 0) - posting.amount
            gains[posting.to_id] = gains.get(posting.to_id, 0) + posting.amount
    return gains


def overdrawn(batch: Batch, account_id: int) -> InvalidPostingParams:
    """Blames the postings that take from the account."""
    reason = f"account {account_id} would be overdrawn"
    return InvalidPostingParams(
        {position: reason for position, posting in enumerate(batch.postings) if posting.from_id == account_id}
    )


def uncountable(batch: Batch, account_id: int) -> InvalidPostingParams:
    """Blames the postings that touch the account."""
    reason = f"account {account_id} cannot count so much"
    return InvalidPostingParams(
        {
            position: reason
            for position, posting in enumerate(batch.postings)
            if account_id in (posting.from_id, posting.to_id)
        }
    )


def _require_name(plan_id: str) -> None:
    if not plan_id:
        raise InvalidRequest(["a plan needs an id"])


def _require_shape(batch: Batch) -> None:
    if not I64_MIN < batch.id < I64_MAX:
        raise InvalidRequest(["a batch id is neither the smallest nor the largest number"])
    if not batch.postings:
        raise InvalidRequest(["the batch is empty"])
    _refuse({position: _wrong_shape(posting) for position, posting in enumerate(batch.postings)})


def _wrong_shape(posting: Posting) -> str | None:
    if posting.from_id == posting.to_id:
        return "from and to are one account"
    if not 0 <= posting.amount <= I64_MAX:
        return "the amount is negative or too large"
    return None


def _wrong_account(posting: Posting, currencies: Mapping[int, str]) -> str | None:
    for account_id in (posting.from_id, posting.to_id):
        if account_id not in currencies:
            return f"no account {account_id}"
    for account_id in (posting.from_id, posting.to_id):
        if currencies[account_id] != posting.currency:
            return f"account {account_id} is in {currencies[account_id]}"
    return None


def _require_equal(known: Batch, batch: Batch) -> None:
    longest = max(len(known.postings), len(batch.postings))
    pairs = ((position, _at(known, position), _at(batch, position)) for position in range(longest))
    _refuse({position: "held before with another content" if old != new else None for position, old, new in pairs})


def _require_same_batches(held: Plan, plan: Plan) -> None:
    if [batch.id for batch in held.batches] != [batch.id for batch in plan.batches]:
        raise InvalidRequest(["the batches are not those that are held"])
    for known, batch in zip(held.batches, plan.batches, strict=True):
        _require_equal(known, batch)


def _at(batch: Batch, position: int) -> Posting | None:
    return batch.postings[position] if position < len(batch.postings) else None


def _refuse(wrong: Mapping[int, str | None]) -> None:
    found = {position: reason for position, reason in wrong.items() if reason is not None}
    if found:
        raise InvalidPostingParams(found)


def _ended(state: PlanState) -> str:
    return state.status.value.replace("_", " ")
