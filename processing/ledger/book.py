"""Accounts, plans and entries, kept through the transaction that is given.

Entries, plans and their ends are only ever added; balances are what the entries come to, kept for speed and rebuilt
by `verify`. A plan's end is one row, so that a plan ends at most once. The transaction (`Tx`) is the one of
processing.storage.port: `execute(sql, params)`, `execute_each`, `later`, `soon`, `draw`, `row_lock`, `memory`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from processing.ledger import invariants, plans
from processing.ledger.audit import CurrencyTotal, verify
from processing.ledger.balances import Balance, with_committed, with_open
from processing.ledger.errors import AccountNotFound, InvalidRequest, NotCovered, PlanNotFound
from processing.ledger.plans import I64_MAX, Batch, Plan, PlanState, PlanStatus, Posting

__all__ = [
    "Account",
    "CurrencyTotal",
    "commit",
    "create_account",
    "get_account",
    "get_plan",
    "hold",
    "rollback",
    "together",
    "verify",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MEMORY = "ledger"
"""Under this name a transaction remembers what `together` has read for its moves."""

ACCOUNTS = (
    "SELECT a.id, a.currency, a.overdraft_allowed, b.own, b.low, b.high FROM ledger_accounts a"
    " JOIN ledger_balances b ON b.account_id = a.id"
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`own_amount`: committed plans. min and max: the worst and the best outcome of the plans that are open."""

    id: int
    currency: str
    own_amount: int
    min_available_amount: int
    max_available_amount: int
    created_at: datetime
    description: str | None = None


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    overdraft_allowed: bool
    balance: Balance


class Memory:
    """What of the ledger a transaction has read and locked, as its moves have left it.

    `changed`: balances to write; `begun`, `entered`, `ended`: rows to add of plans, their entries and their ends.
    """

    def __init__(self) -> None:
        self.plans: dict[str, PlanState | None] = {}
        self.accounts: dict[int, StoredAccount] = {}
        self.changed: set[int] = set()
        self.begun: list[tuple] = []
        self.entered: list[tuple] = []
        self.ended: list[tuple] = []


@contextmanager
def together(tx: Any, plan_ids: Iterable[str], account_ids: Iterable[int]) -> Iterator[None]:
    """Moves made inside read these plans and accounts once for all; rows are written at the end, each balance once."""
    memory = tx.memory[MEMORY] = Memory()
    read_plans = _asked_plans(tx, memory, sorted(plan_ids))
    read_accounts = _asked_accounts(tx, memory, sorted(account_ids))
    read_plans()
    read_accounts()
    yield
    del tx.memory[MEMORY]
    _write_rows(tx, memory)


def create_account(tx: Any, currency: str, description: str, now: datetime, *, overdraft_allowed: bool = True) -> int:
    """The new account's id. Without overdraft no hold may bring its worst outcome below 0. Raises InvalidRequest."""
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise InvalidRequest(["a currency is three capital letters"])
    account_id = tx.draw("ledger_accounts")
    tx.execute(
        "INSERT INTO ledger_accounts (id, currency, description, overdraft_allowed, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        (account_id, currency, description, int(overdraft_allowed), _to_ms(now)),
    )
    tx.execute("INSERT INTO ledger_balances (account_id, own, low, high) VALUES (?, 0, 0, 0)", (account_id,))
    return account_id


def get_account(tx: Any, account_id: int) -> Account:
    """Raises AccountNotFound."""
    row = tx.execute(
        "SELECT a.currency, a.description, a.created_at_ms, b.own, b.low, b.high FROM ledger_accounts a"
        " JOIN ledger_balances b ON b.account_id = a.id WHERE a.id = ?",
        (account_id,),
    ).one()
    if row is None:
        raise AccountNotFound(account_id)
    currency, description, created_at_ms, own, low, high = row
    balance = invariants.check_balance(account_id, Balance(own=own, low=low, high=high))
    return Account(
        id=account_id,
        currency=currency,
        own_amount=balance.own,
        min_available_amount=balance.own + balance.low,
        max_available_amount=balance.own + balance.high,
        created_at=EPOCH + timedelta(milliseconds=created_at_ms),
        description=description,
    )


def hold(tx: Any, plan_id: str, batch: Batch, now: datetime, covered: Iterable[int] = ()) -> PlanState:
    """Adds the batch to the plan; an equal one changes nothing.

    `covered`: accounts that must be able to bear this batch at the worst, whatever they may bear otherwise. Raises
    InvalidRequest, InvalidPostingParams, NotCovered.
    """
    memory = _memory(tx, plan_id)
    before = memory.plans[plan_id]
    after = plans.hold(before, plan_id, batch)
    if after is before:
        return after
    old = plans.nets(before.plan.batches) if before else {}
    new = plans.nets(after.plan.batches)
    accounts = _accounts(tx, memory, new)
    plans.check_accounts(batch, {account_id: account.currency for account_id, account in accounts.items()})
    balances = {
        account_id: with_open(account.balance, old.get(account_id, 0), new[account_id])
        for account_id, account in accounts.items()
    }
    _check_limits(batch, accounts, balances, frozenset(covered))
    if before is None:
        memory.begun.append((plan_id, _to_ms(now)))
    memory.entered += _entries(plan_id, batch, now)
    _write(tx, memory, after, accounts, balances)
    return after


def commit(tx: Any, plan: Plan, now: datetime) -> PlanState:
    """Posts exactly the batches that are held. Again: no effect.

    Raises InvalidRequest (also after a roll back), PlanNotFound, InvalidPostingParams.
    """
    return _resolve(tx, plan, PlanStatus.COMMITTED, now)


def rollback(tx: Any, plan: Plan, now: datetime) -> PlanState:
    """Releases exactly the batches that are held. Again: no effect.

    Raises InvalidRequest (also after a commit), PlanNotFound, InvalidPostingParams.
    """
    return _resolve(tx, plan, PlanStatus.ROLLED_BACK, now)


def get_plan(tx: Any, plan_id: str) -> PlanState:
    """Raises PlanNotFound."""
    state = _load(tx, plan_id)
    if state is None:
        raise PlanNotFound(plan_id)
    return state


def _resolve(tx: Any, plan: Plan, status: PlanStatus, now: datetime) -> PlanState:
    memory = _memory(tx, plan.id)
    before = memory.plans[plan.id]
    after = plans.resolve(before, plan, status)
    if after is before:
        return after
    nets = plans.nets(plan.batches)
    accounts = _accounts(tx, memory, nets)
    balances = {
        account_id: with_committed(account.balance, nets[account_id])
        if status is PlanStatus.COMMITTED
        else with_open(account.balance, nets[account_id], 0)
        for account_id, account in accounts.items()
    }
    memory.ended.append((plan.id, status.value, _to_ms(now)))
    _write(tx, memory, after, accounts, balances)
    return after


def _memory(tx: Any, plan_id: str) -> Memory:
    """What the transaction remembers, the plan among it; of a move made alone it is forgotten after it."""
    memory = tx.memory.get(MEMORY) or Memory()
    if plan_id not in memory.plans:
        _asked_plans(tx, memory, [plan_id])()
    return memory


def _load(tx: Any, plan_id: str) -> PlanState | None:
    memory = Memory()
    _asked_plans(tx, memory, [plan_id])()
    return memory.plans[plan_id]


def _asked_plans(tx: Any, memory: Memory, plan_ids: Sequence[str]) -> Callable[[], None]:
    """Asks for them; what it returns reads the answer. Where writers are not alone, whoever changes a plan waits here
    for the one before."""
    marks, wanted = _padded(plan_ids)
    if tx.row_lock:
        tx.later(f"SELECT id FROM ledger_plans WHERE id IN ({marks}) ORDER BY id{tx.row_lock}", wanted)  # noqa: S608
    rows = tx.soon(
        "SELECT e.plan_id, e.batch_id, e.from_id, e.to_id, e.amount, e.currency, e.description,"  # noqa: S608
        " (SELECT d.status FROM ledger_plan_ends d WHERE d.plan_id = e.plan_id) FROM ledger_entries e"
        f" WHERE e.plan_id IN ({marks}) ORDER BY e.plan_id, e.batch_id, e.position",
        wanted,
    )

    def read() -> None:
        memory.plans.update(dict.fromkeys(plan_ids))
        for plan_id, of_plan in groupby(rows.all(), key=lambda row: row[0]):
            memory.plans[plan_id] = _plan(plan_id, list(of_plan))

    return read


def _plan(plan_id: str, rows: list[tuple]) -> PlanState:
    batches: dict[int, list[Posting]] = {}
    for _, batch_id, from_id, to_id, amount, currency, description, _ in rows:
        batches.setdefault(batch_id, []).append(
            Posting(from_id=from_id, to_id=to_id, amount=amount, currency=currency, description=description)
        )
    plan = Plan(id=plan_id, batches=tuple(Batch(id=key, postings=tuple(each)) for key, each in batches.items()))
    return invariants.check_plan(PlanState(plan=plan, status=PlanStatus(rows[0][-1] or PlanStatus.HELD)))


def _accounts(tx: Any, memory: Memory, ids: Iterable[int]) -> dict[int, StoredAccount]:
    """The accounts that exist."""
    wanted = sorted(ids)
    unread = [account_id for account_id in wanted if account_id not in memory.accounts]
    if unread:
        _asked_accounts(tx, memory, unread)()
    return {account_id: memory.accounts[account_id] for account_id in wanted if account_id in memory.accounts}


def _asked_accounts(tx: Any, memory: Memory, account_ids: Sequence[int]) -> Callable[[], None]:
    """As `_asked_plans`. In one order always, so that two writers never wait for each other."""
    marks, wanted = _padded(account_ids)
    rows = tx.soon(f"{ACCOUNTS} WHERE a.id IN ({marks}) ORDER BY a.id{tx.row_lock}", wanted)

    def read() -> None:
        for account_id, currency, overdraft_allowed, own, low, high in rows.all():
            memory.accounts[account_id] = StoredAccount(
                currency=currency,
                overdraft_allowed=bool(overdraft_allowed),
                balance=invariants.check_balance(account_id, Balance(own=own, low=low, high=high)),
            )

    return read


def _padded(values: Sequence[Any]) -> tuple[str, list[Any]]:
    """Marks and values for IN, the last value repeated up to a power of two: few statements to prepare."""
    count = 1 << max(len(values) - 1, 0).bit_length()
    return ", ".join("?" * count), [*values, *[values[-1]] * (count - len(values))]


def _check_limits(
    batch: Batch, accounts: Mapping[int, StoredAccount], balances: Mapping[int, Balance], covered: frozenset[int]
) -> None:
    """Raises InvalidPostingParams: a guarded account may be overdrawn, or a balance cannot be counted; NotCovered."""
    for account_id, after in balances.items():
        before = accounts[account_id]
        worst = after.own + after.low
        may_overdraw = worst < 0 and after.low < before.balance.low
        if may_overdraw and not before.overdraft_allowed:
            raise plans.overdrawn(batch, account_id)
        if may_overdraw and account_id in covered:
            raise NotCovered(account_id, before.balance.own + before.balance.low)
        if max(-worst, after.own + after.high) > I64_MAX:
            raise plans.uncountable(batch, account_id)


def _entries(plan_id: str, batch: Batch, now: datetime) -> Iterator[tuple]:
    """The rows of the batch."""
    created_at_ms = _to_ms(now)
    for position, posting in enumerate(batch.postings):
        yield plan_id, batch.id, position, *msgspec.structs.astuple(posting), created_at_ms


def _write(
    tx: Any,
    memory: Memory,
    state: PlanState,
    accounts: Mapping[int, StoredAccount],
    balances: Mapping[int, Balance],
) -> None:
    invariants.check_plan(state)
    invariants.check_step({account_id: account.balance for account_id, account in accounts.items()}, balances)
    memory.plans[state.plan.id] = state
    for account_id, balance in balances.items():
        invariants.check_balance(account_id, balance)
        memory.accounts[account_id] = msgspec.structs.replace(accounts[account_id], balance=balance)
    memory.changed |= balances.keys()
    if MEMORY not in tx.memory:
        _write_rows(tx, memory)


def _write_rows(tx: Any, memory: Memory) -> None:
    tx.execute_each("INSERT INTO ledger_plans (id, created_at_ms) VALUES (?, ?)", memory.begun)
    tx.execute_each(
        "INSERT INTO ledger_entries"
        " (plan_id, batch_id, position, from_id, to_id, amount, currency, description, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        memory.entered,
    )
    tx.execute_each("INSERT INTO ledger_plan_ends (plan_id, status, created_at_ms) VALUES (?, ?, ?)", memory.ended)
    balances = [(account_id, memory.accounts[account_id].balance) for account_id in sorted(memory.changed)]
    tx.execute_each(
        "UPDATE ledger_balances SET own = ?, low = ?, high = ? WHERE account_id = ?",
        [(balance.own, balance.low, balance.high, account_id) for account_id, balance in balances],
    )


def _to_ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)
