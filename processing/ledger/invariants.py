"""What must hold of the ledger, asked before every write and after every read. Raises LedgerBroken."""

from collections.abc import Iterable, Mapping

from processing.ledger.balances import Balance
from processing.ledger.errors import LedgerBroken
from processing.ledger.plans import Batch, PlanState


def check_plan(state: PlanState) -> PlanState:
    """Batches grow, hold postings, and every posting takes from one account what it gives to another."""
    ids = [batch.id for batch in state.plan.batches]
    _require(bool(ids), f"plan {state.plan.id} has no batches")
    _require(ids == sorted(set(ids)), f"batches of plan {state.plan.id} do not grow")
    for batch in state.plan.batches:
        _check_batch(state.plan.id, batch)
    return state


def check_balance(account_id: int, balance: Balance) -> Balance:
    """Open plans make a balance uncertain downwards and upwards, never the other way round."""
    _require(balance.low <= 0 <= balance.high, f"account {account_id}: worst {balance.low}, best {balance.high}")
    return balance


def check_step(before: Mapping[int, Balance], after: Mapping[int, Balance]) -> None:
    """One plan has one currency's sums: what is posted, and what is open, is moved and neither made nor lost."""
    own = sum(after[account].own - before[account].own for account in before)
    pending = sum(_pending(after[account]) - _pending(before[account]) for account in before)
    _require(own == 0, f"a plan makes {own} out of nothing")
    _require(pending == 0, f"an open plan makes {pending} out of nothing")


def differences(stored: Mapping[int, Balance], rebuilt: Mapping[int, Balance]) -> list[str]:
    """Sentences, one for each account whose stored balance is not what its entries come to."""
    return [
        f"account {account_id}: stored {stored.get(account_id)}, entries come to {rebuilt.get(account_id)}"
        for account_id in sorted(stored.keys() | rebuilt.keys())
        if stored.get(account_id, Balance()) != rebuilt.get(account_id, Balance())
    ]


def pending_sum(balances: Iterable[Balance]) -> int:
    """0 in a sound ledger, over all accounts of a currency."""
    return sum(_pending(balance) for balance in balances)


def _pending(balance: Balance) -> int:
    return balance.low + balance.high


def _check_batch(plan_id: str, batch: Batch) -> None:
    _require(bool(batch.postings), f"batch {batch.id} of plan {plan_id} has no postings")
    for posting in batch.postings:
        _require(posting.amount >= 0, f"batch {batch.id} of plan {plan_id} has a negative amount")
        _require(posting.from_id != posting.to_id, f"batch {batch.id} of plan {plan_id} moves nothing anywhere")


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise LedgerBroken([sentence])
