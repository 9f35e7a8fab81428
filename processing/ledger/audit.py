"""Reads the whole ledger and rebuilds every balance from the entries."""

from collections import defaultdict
from typing import Any

import msgspec

from processing.ledger import invariants
from processing.ledger.balances import Balance, with_committed, with_open
from processing.ledger.errors import LedgerBroken
from processing.ledger.plans import PlanStatus


class CurrencyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """`own_amount` and `pending_amount` are 0 in a sound ledger."""

    currency: str
    own_amount: int
    pending_amount: int
    accounts: int
    committed_plans: int
    open_plans: int


def verify(tx: Any) -> list[CurrencyTotal]:
    """Totals by currency. Raises LedgerBroken with a sentence for each difference."""
    currencies = dict(tx.execute("SELECT id, currency FROM ledger_accounts").all())
    stored = _stored(tx)
    nets, statuses, broken = _read_entries(tx, currencies)
    rebuilt = _rebuild(nets, statuses)
    totals = [_total(currency, currencies, rebuilt, nets, statuses) for currency in sorted(set(currencies.values()))]
    broken += invariants.differences(stored, rebuilt)
    broken += [
        f"{total.currency}: posted {total.own_amount}, open {total.pending_amount}, both should be 0"
        for total in totals
        if total.own_amount or total.pending_amount
    ]
    if broken:
        raise LedgerBroken(broken)
    return totals


def _stored(tx: Any) -> dict[int, Balance]:
    rows = tx.execute("SELECT account_id, own, low, high FROM ledger_balances").all()
    return {account_id: Balance(own=own, low=low, high=high) for account_id, own, low, high in rows}


def _read_entries(tx: Any, currencies: dict[int, str]) -> tuple[dict[str, dict[int, int]], dict[str, str], list[str]]:
    """(plan -> account -> net, plan -> status, sentences about entries that should not be there)."""
    nets: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    statuses: dict[str, str] = {}
    broken = []
    rows = tx.execute(
        "SELECT e.plan_id, e.from_id, e.to_id, e.amount, e.currency, d.status FROM ledger_entries e"
        " LEFT JOIN ledger_plan_ends d ON d.plan_id = e.plan_id"
    ).all()
    for plan_id, from_id, to_id, amount, currency, status in rows:
        if amount < 0 or {currencies.get(from_id), currencies.get(to_id)} != {currency}:
            broken.append(f"plan {plan_id}: an entry of {amount} {currency} from {from_id} to {to_id}")
        nets[plan_id][from_id] -= amount
        nets[plan_id][to_id] += amount
        statuses[plan_id] = status or PlanStatus.HELD
    return nets, statuses, broken


def _rebuild(nets: dict[str, dict[int, int]], statuses: dict[str, str]) -> dict[int, Balance]:
    rebuilt: dict[int, Balance] = defaultdict(Balance)
    for plan_id, gains in nets.items():
        for account_id, net in gains.items():
            if statuses[plan_id] != PlanStatus.ROLLED_BACK:
                rebuilt[account_id] = with_open(rebuilt[account_id], 0, net)
            if statuses[plan_id] == PlanStatus.COMMITTED:
                rebuilt[account_id] = with_committed(rebuilt[account_id], net)
    return rebuilt


def _total(
    currency: str,
    currencies: dict[int, str],
    rebuilt: dict[int, Balance],
    nets: dict[str, dict[int, int]],
    statuses: dict[str, str],
) -> CurrencyTotal:
    accounts = [account_id for account_id, name in currencies.items() if name == currency]
    balances = [rebuilt.get(account_id, Balance()) for account_id in accounts]
    ends = [statuses[plan_id] for plan_id, gains in nets.items() if currencies.get(next(iter(gains))) == currency]
    return CurrencyTotal(
        currency=currency,
        own_amount=sum(balance.own for balance in balances),
        pending_amount=invariants.pending_sum(balances),
        accounts=len(accounts),
        committed_plans=ends.count(PlanStatus.COMMITTED),
        open_plans=ends.count(PlanStatus.HELD),
    )
