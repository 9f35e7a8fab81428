"""Plans of the ledger as tables: what is done, and what comes of it. One row for each refusal, in their order."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from processing.ledger import book
from processing.ledger.errors import AccountNotFound, InvalidPostingParams, InvalidRequest, NotCovered, PlanNotFound
from processing.ledger.plans import I64_MAX, I64_MIN, Batch, Plan, Posting
from processing.storage.port import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNTS = {"A": "RUB", "B": "RUB", "C": "RUB", "E": "EUR", "F": "EUR", "G": "RUB"}
OUTCOMES = {
    "InvalidRequest": InvalidRequest,
    "InvalidPosting": InvalidPostingParams,
    "PlanNotFound": PlanNotFound,
}


class Ledger:
    """A new ledger with the accounts of the tables; G must not be overdrawn. X is an account that does not exist."""

    def __init__(self, tx):
        self.tx = tx
        self.ids = {"X": 999}
        for name, currency in ACCOUNTS.items():
            allowed = name != "G"
            self.ids[name] = book.create_account(tx, currency, name, NOW, overdraft_allowed=allowed)

    def posting(self, text: str) -> Posting:
        """`A>B 100 RUB`"""
        sides, amount, currency = text.split()
        source, target = sides.split(">")
        return Posting(
            from_id=self.ids[source],
            to_id=self.ids[target],
            amount=int(amount),
            currency=currency,
            description=text,
        )

    def batch(self, text: str) -> Batch:
        """`1: A>B 100 RUB, B>C 5 RUB`"""
        number, _, postings = text.partition(":")
        return Batch(id=int(number), postings=tuple(self.posting(each) for each in postings.split(",") if each.strip()))

    def plan(self, plan_id: str, text: str) -> Plan:
        return Plan(id=plan_id, batches=tuple(self.batch(each) for each in text.split(";") if each.strip()))

    def do(self, verb: str, plan_id: str, text: str):
        plan_id = "" if plan_id == "-" else plan_id
        if verb == "hold":
            return book.hold(self.tx, plan_id, self.batch(text), NOW)
        act = {"commit": book.commit, "rollback": book.rollback}[verb]
        return act(self.tx, self.plan(plan_id, text), NOW)

    def amounts(self, name: str) -> str:
        account = book.get_account(self.tx, self.ids[name])
        return f"{account.min_available_amount} {account.own_amount} {account.max_available_amount}"


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    with database.transaction() as tx:
        yield Ledger(tx)


def play(ledger: Ledger, table: str) -> None:
    """Rows `verb plan | batches | outcome`, or `account | min own max`."""
    for row in filter(str.strip, table.splitlines()):
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) == 2:
            assert ledger.amounts(cells[0]) == cells[1], row
            continue
        verb, plan_id = cells[0].split()
        outcome = OUTCOMES.get(cells[2])
        if outcome is None:
            assert ledger.do(verb, plan_id, cells[1]).status.value == cells[2], row
        else:
            with pytest.raises(outcome):
                ledger.do(verb, plan_id, cells[1])
        book.verify(ledger.tx)


STORIES = {
    "a plan is held, then posted": """
        hold p1     | 1: A>B 100 RUB                  | held
        A           | -100 0 0
        B           | 0 0 100
        commit p1   | 1: A>B 100 RUB                  | committed
        A           | -100 -100 -100
        B           | 100 100 100
    """,
    "a plan is held, then released": """
        hold p1     | 1: A>B 100 RUB                  | held
        rollback p1 | 1: A>B 100 RUB                  | rolled_back
        A           | 0 0 0
        B           | 0 0 0
    """,
    "an open plan is all or nothing, so only its net counts": """
        hold p1     | 1: A>B 100 RUB, B>C 30 RUB      | held
        A           | -100 0 0
        B           | 0 0 70
        C           | 0 0 30
    """,
    "a plan grows by batches and its net changes sign": """
        hold p1     | 1: A>B 100 RUB                  | held
        hold p1     | 2: B>A 150 RUB                  | held
        A           | 0 0 50
        B           | -50 0 0
        commit p1   | 1: A>B 100 RUB; 2: B>A 150 RUB  | committed
        A           | 50 50 50
    """,
    "open plans make a balance uncertain both ways": """
        hold p1     | 1: A>B 100 RUB                  | held
        hold p2     | 1: B>C 40 RUB                   | held
        B           | -40 0 100
        commit p2   | 1: B>C 40 RUB                   | committed
        B           | -40 -40 60
    """,
    "what was done is answered as done": """
        hold p1     | 1: A>B 100 RUB                  | held
        hold p1     | 1: A>B 100 RUB                  | held
        B           | 0 0 100
        commit p1   | 1: A>B 100 RUB                  | committed
        commit p1   | 1: A>B 100 RUB                  | committed
        hold p1     | 1: A>B 100 RUB                  | committed
        B           | 100 100 100
        hold p2     | 1: A>B 1 RUB                    | held
        rollback p2 | 1: A>B 1 RUB                    | rolled_back
        rollback p2 | 1: A>B 1 RUB                    | rolled_back
        hold p2     | 1: A>B 1 RUB                    | rolled_back
        B           | 100 100 100
    """,
    "nothing is posted twice, nor posted and released": """
        hold p1     | 1: A>B 100 RUB                  | held
        commit p1   | 1: A>B 100 RUB                  | committed
        rollback p1 | 1: A>B 100 RUB                  | InvalidRequest
        hold p1     | 2: A>B 100 RUB                  | InvalidRequest
        hold p2     | 1: A>B 100 RUB                  | held
        rollback p2 | 1: A>B 100 RUB                  | rolled_back
        commit p2   | 1: A>B 100 RUB                  | InvalidRequest
        B           | 100 100 100
    """,
    "the same batch with another content is refused": """
        hold p1     | 1: A>B 100 RUB                  | held
        hold p1     | 1: A>B 101 RUB                  | InvalidPosting
        hold p1     | 1: A>B 100 RUB, B>C 1 RUB       | InvalidPosting
        commit p1   | 1: A>B 101 RUB                  | InvalidPosting
        rollback p1 | 1: A>C 100 RUB                  | InvalidPosting
        B           | 0 0 100
    """,
    "batch ids of a plan grow": """
        hold p1     | 5: A>B 100 RUB                  | held
        hold p1     | 4: A>B 100 RUB                  | InvalidRequest
        hold p1     | 6: A>B 1 RUB                    | held
    """,
    "an end lists exactly what is held": """
        hold p1     | 1: A>B 100 RUB                  | held
        hold p1     | 2: A>B 1 RUB                    | held
        commit p1   | 1: A>B 100 RUB                  | InvalidRequest
        commit p1   | 2: A>B 1 RUB; 1: A>B 100 RUB    | InvalidRequest
        commit p1   | 1: A>B 100 RUB; 2: A>B 1 RUB; 3: A>B 1 RUB | InvalidRequest
        rollback p1 | 1: A>B 100 RUB; 2: A>B 1 RUB    | rolled_back
    """,
    "a plan that nobody held has no end": """
        commit p9   | 1: A>B 100 RUB                  | PlanNotFound
        rollback p9 | 1: A>B 100 RUB                  | PlanNotFound
    """,
    "an account that must not be overdrawn": """
        hold p1     | 1: G>A 1 RUB                    | InvalidPosting
        hold p2     | 1: A>G 100 RUB                  | held
        hold p3     | 1: G>B 1 RUB                    | InvalidPosting
        commit p2   | 1: A>G 100 RUB                  | committed
        hold p3     | 1: G>B 60 RUB                   | held
        hold p4     | 1: G>B 41 RUB                   | InvalidPosting
        hold p4     | 1: G>B 40 RUB                   | held
        rollback p3 | 1: G>B 60 RUB                   | rolled_back
        hold p5     | 1: G>B 60 RUB                   | held
        G           | 0 100 100
        hold p6     | 1: A>G 10 RUB, G>B 10 RUB       | held
    """,
    "money of nothing moves nothing": """
        hold p1     | 1: A>B 0 RUB                    | held
        commit p1   | 1: A>B 0 RUB                    | committed
        A           | 0 0 0
    """,
}


@pytest.mark.parametrize("name", STORIES)
def test_plans(ledger, name):
    play(ledger, STORIES[name])


# everything that is wrong with each row, the first of it in order of precedence decides
PRECEDENCE = f"""
    hold -      | 1:                                  | InvalidRequest
    hold p1     | {I64_MIN}: A>A 1 RUB                | InvalidRequest
    hold p1     | {I64_MAX}: A>A 1 RUB                | InvalidRequest
    hold p1     | 1:                                  | InvalidRequest
    hold p1     | 1: A>A -1 RUB                       | InvalidPosting
    hold p1     | 1: A>B -1 RUB                       | InvalidPosting
    hold p1     | 1: X>B 1 EUR                        | InvalidPosting
    hold p1     | 1: A>B 1 EUR                        | InvalidPosting
    hold p1     | 1: A>E 1 RUB                        | InvalidPosting
    hold p1     | 1: G>B 1 RUB                        | InvalidPosting
    commit -    |                                     | InvalidRequest
    commit p1   |                                     | InvalidRequest
    commit p1   | 1: A>A 1 RUB                        | InvalidPosting
    commit p1   | 1: A>B 1 RUB                        | PlanNotFound
    hold p1     | 2: A>B 1 RUB                        | held
    commit p1   | 1: A>B 1 RUB                        | InvalidRequest
    commit p1   | 2: A>B 2 RUB                        | InvalidPosting
    commit p1   | 2: A>B 1 RUB                        | committed
    rollback p1 | 2: A>B 2 RUB                        | InvalidPosting
    rollback p1 | 2: A>B 1 RUB                        | InvalidRequest
    hold p1     | 1: X>B 1 EUR                        | InvalidRequest
"""


def test_refusals_come_in_their_order_and_change_nothing(ledger):
    play(ledger, PRECEDENCE)
    assert ledger.amounts("A") == "-1 -1 -1"


def reasons(ledger, text):
    with pytest.raises(InvalidPostingParams) as refusal:
        ledger.do("hold", "p", text)
    return refusal.value.wrong_postings


def test_each_wrong_posting_is_named_with_its_reason(ledger):
    assert reasons(ledger, "1: A>B 1 RUB, A>A 1 RUB, A>B -5 RUB") == {
        1: "from and to are one account",
        2: "the amount is negative or too large",
    }
    assert reasons(ledger, "1: A>X 1 RUB, A>B 1 RUB, A>E 1 RUB, E>F 1 RUB") == {
        0: "no account 999",
        2: f"account {ledger.ids['E']} is in EUR",
        3: f"account {ledger.ids['E']} is in EUR",
    }
    assert reasons(ledger, "1: A>G 5 RUB, G>A 6 RUB") == {1: f"account {ledger.ids['G']} would be overdrawn"}


def test_a_hold_may_ask_that_an_account_can_bear_it(ledger):
    def hold(plan_id, text):
        return book.hold(ledger.tx, plan_id, ledger.batch(text), NOW, covered=[ledger.ids["B"]])

    hold("p1", "1: A>B 100 RUB")
    with pytest.raises(NotCovered) as refusal:
        hold("p2", "1: B>C 1 RUB")
    assert (refusal.value.account_id, refusal.value.available) == (ledger.ids["B"], 0)
    ledger.do("commit", "p1", "1: A>B 100 RUB")
    hold("p2", "1: B>C 100 RUB")
    ledger.do("hold", "p3", "1: B>C 5 RUB")
    assert ledger.amounts("B") == "-5 100 100"


def test_a_balance_that_cannot_be_counted_is_refused(ledger):
    ledger.do("hold", "p1", f"1: A>B {I64_MAX} RUB")
    assert reasons(ledger, "1: C>B 1 RUB") == {0: f"account {ledger.ids['B']} cannot count so much"}
    ledger.do("commit", "p1", f"1: A>B {I64_MAX} RUB")


def test_currencies_are_summed_apart(ledger):
    ledger.do("hold", "p1", "1: A>B 100 RUB")
    ledger.do("commit", "p1", "1: A>B 100 RUB")
    ledger.do("hold", "p2", "1: E>F 5 EUR")
    totals = {total.currency: total for total in book.verify(ledger.tx)}
    assert (totals["RUB"].accounts, totals["RUB"].committed_plans, totals["RUB"].open_plans) == (4, 1, 0)
    assert (totals["EUR"].accounts, totals["EUR"].committed_plans, totals["EUR"].open_plans) == (2, 0, 1)
    assert {total.own_amount for total in totals.values()} == {total.pending_amount for total in totals.values()} == {0}


def test_a_plan_can_be_read_back(ledger):
    held = ledger.do("hold", "p1", "1: A>B 100 RUB, B>C 1 RUB")
    assert book.get_plan(ledger.tx, "p1") == held
    with pytest.raises(PlanNotFound):
        book.get_plan(ledger.tx, "p2")


def test_an_account_knows_its_name_and_day(ledger):
    account = book.get_account(ledger.tx, ledger.ids["A"])
    assert (account.description, account.currency, account.created_at) == ("A", "RUB", NOW)
    with pytest.raises(AccountNotFound):
        book.get_account(ledger.tx, 999)


@pytest.mark.parametrize("currency", ["", "RU", "rub", "RUBL", "643", "РУБ"])
def test_an_account_has_a_currency(ledger, currency):
    with pytest.raises(InvalidRequest):
        book.create_account(ledger.tx, currency, "x", NOW)
