"""The ledger's history cannot be rewritten, and whoever tampers with it is found out."""

import sqlite3
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.ledger import book, invariants
from processing.ledger.balances import Balance
from processing.ledger.errors import LedgerBroken, LedgerError
from processing.ledger.plans import Batch, Plan, PlanState, PlanStatus, Posting
from processing.storage.migrations import migrate
from processing.storage.port import Conflict
from processing.storage.sqlite import SqliteDatabase

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def move(from_id, to_id, amount, batch_id=1):
    posting = Posting(from_id=from_id, to_id=to_id, amount=amount, currency="RUB", description="x")
    return Batch(id=batch_id, postings=(posting,))


@pytest.fixture
def database(open_database):
    opened = open_database()
    with opened.transaction() as tx:
        ids = [book.create_account(tx, "RUB", name, NOW) for name in "AB"]
        book.hold(tx, "posted", move(*ids, 100), NOW)
        book.commit(tx, Plan(id="posted", batches=(move(*ids, 100),)), NOW)
        book.hold(tx, "open", move(*ids, 7), NOW)
    return opened


REWRITES = [
    "UPDATE ledger_entries SET amount = 99 WHERE plan_id = 'posted'",
    "DELETE FROM ledger_entries WHERE plan_id = 'open'",
    "UPDATE ledger_plan_ends SET status = 'rolled_back'",
    "DELETE FROM ledger_plan_ends",
    "UPDATE ledger_plans SET id = 'other' WHERE id = 'posted'",
    "DELETE FROM ledger_plans",
    "DELETE FROM ledger_accounts",
    "UPDATE ledger_accounts SET currency = 'EUR'",
    "INSERT INTO ledger_plan_ends VALUES ('posted', 'rolled_back', 0)",
    "INSERT INTO ledger_plan_ends VALUES ('open', 'forgotten', 0)",
    "INSERT INTO ledger_entries VALUES ('posted', 2, 0, 1, 2, 5, 'RUB', 'x', 0)",
    "INSERT INTO ledger_entries VALUES ('open', 2, 0, 1, 2, -5, 'RUB', 'x', 0)",
    "INSERT INTO ledger_entries VALUES ('open', 2, 0, 1, 1, 5, 'RUB', 'x', 0)",
    "INSERT INTO ledger_entries VALUES ('open', 1, 0, 1, 2, 5, 'RUB', 'x', 0)",
    "INSERT INTO ledger_entries VALUES ('nowhere', 1, 0, 1, 2, 5, 'RUB', 'x', 0)",
    "UPDATE ledger_balances SET low = 1",
]


@pytest.mark.parametrize("sql", REWRITES)
def test_the_database_itself_refuses_to_rewrite_history(database, sql):
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError, Conflict)), database.transaction() as tx:
        tx.execute(sql)
    with database.read() as tx:
        assert book.verify(tx)[0].own_amount == 0


TAMPERED = [
    ("UPDATE ledger_balances SET own = own + 1 WHERE account_id = 1", "account 1"),
    ("UPDATE ledger_balances SET low = low - 1 WHERE account_id = 2", "account 2"),
    ("INSERT INTO ledger_entries VALUES ('open', 2, 0, 1, 2, 5, 'RUB', 'x', 0)", "account 1"),
    ("INSERT INTO ledger_entries VALUES ('open', 2, 0, 1, 2, 5, 'EUR', 'x', 0)", "plan open"),
    ("INSERT INTO ledger_plan_ends VALUES ('open', 'committed', 0)", "account 1"),
]


@pytest.mark.parametrize(("sql", "named"), TAMPERED)
def test_what_was_tampered_with_is_named(database, sql, named):
    with database.transaction() as tx:
        tx.execute(sql)
        with pytest.raises(LedgerBroken) as broken:
            book.verify(tx)
    assert any(sentence.startswith(named) for sentence in broken.value.errors)


def state(*batches):
    return PlanState(plan=Plan(id="p", batches=batches), status=PlanStatus.HELD)


UNSOUND = [
    state(),
    state(move(1, 2, 1, batch_id=2), move(1, 2, 1, batch_id=1)),
    state(move(1, 2, 1), move(1, 2, 1)),
    state(move(1, 2, -1)),
    state(move(1, 1, 1)),
    state(Batch(id=1, postings=())),
]


@pytest.mark.parametrize("plan", UNSOUND)
def test_an_unsound_plan_is_found_on_the_way_in_and_on_the_way_out(plan):
    with pytest.raises(LedgerBroken):
        invariants.check_plan(plan)


@pytest.mark.parametrize("after", [{1: Balance(own=1), 2: Balance()}, {1: Balance(low=-1), 2: Balance()}])
def test_a_change_that_makes_money_is_found(after):
    with pytest.raises(LedgerBroken):
        invariants.check_step({1: Balance(), 2: Balance()}, after)


@pytest.mark.parametrize("balance", [Balance(low=1), Balance(high=-1)])
def test_a_balance_that_cannot_be_is_found(balance):
    with pytest.raises(LedgerBroken):
        invariants.check_balance(1, balance)


POSTINGS = st.builds(
    lambda from_id, step, amount: Posting(
        from_id=from_id, to_id=(from_id + step) % 4 + 1, amount=amount, currency="RUB", description="x"
    ),
    st.integers(1, 4),
    st.integers(0, 2),
    st.integers(0, 1_000),
)
BATCHES = st.builds(
    lambda number, postings: Batch(id=number, postings=tuple(postings)),
    st.integers(1, 4),
    st.lists(POSTINGS, min_size=1, max_size=3),
)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["hold", "hold", "hold", "commit", "rollback"]), st.sampled_from("pqr"), BATCHES),
    max_size=15,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ACTIONS)
def test_any_sequence_of_plans_keeps_the_books_and_repeats_change_nothing(tmp_path_factory, actions):
    database = SqliteDatabase(tmp_path_factory.mktemp("ledger") / "x.sqlite")
    migrate(database, NOW)
    with database.transaction() as tx:
        for number in range(4):
            book.create_account(tx, "RUB", "x", NOW, overdraft_allowed=number > 0)
        for verb, plan_id, batch in actions:
            act(tx, verb, plan_id, batch)
            book.verify(tx)
            assert book.get_account(tx, 1).min_available_amount >= 0
    database.close()


def act(tx, verb, plan_id, batch):
    try:
        done = do(tx, verb, plan_id, batch)
    except LedgerError:
        return
    before = [book.get_account(tx, account_id) for account_id in range(1, 5)]
    assert do(tx, verb, plan_id, batch) == done
    assert [book.get_account(tx, account_id) for account_id in range(1, 5)] == before


def do(tx, verb, plan_id, batch):
    if verb == "hold":
        return book.hold(tx, plan_id, batch, NOW)
    return {"commit": book.commit, "rollback": book.rollback}[verb](tx, book.get_plan(tx, plan_id).plan, NOW)
