"""Group commit: who writes at the same moment shares a transaction, and nobody suffers from another's failure."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processing.storage.port import Conflict, Database, OutcomeUnknown, Tx, Unavailable
from processing.storage.together import Together, of_anything
from tests.processing.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("both_databases")

INSERT = "INSERT INTO counters (name, value) VALUES (?, 1)"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Sandbox(tmp_path).database


class Writer:
    """Writes names; the first transaction is held up until all the others wait behind it."""

    def __init__(self, database: Database, failing: Callable[[str], Exception | None] = lambda name: None) -> None:
        self.groups: list[list[str]] = []
        self.first_is_in, self.others_wait = threading.Event(), threading.Event()
        self.failing = failing
        self.commits = Together(database, self.write, key=lambda name: name.partition(".")[0])

    def write(self, tx: Tx, names: Sequence[str]) -> list[str]:
        self.groups.append(list(names))
        if len(self.groups) == 1:
            self.first_is_in.set()
            self.others_wait.wait(5)
        for name in names:
            failure = self.failing(name)
            if failure is not None:
                raise failure
            tx.later(INSERT, (name,))
        return [name.upper() for name in names]

    def outcome(self, name: str) -> str:
        try:
            return self.commits.write(name)
        except Exception as failure:
            return type(failure).__name__

    def all_at_once(self, first: str, *others: str) -> list[str]:
        with ThreadPoolExecutor(len(others) + 1) as pool:
            done = [pool.submit(self.outcome, first)]
            assert self.first_is_in.wait(5)
            done += [pool.submit(self.outcome, name) for name in others]
            while len(self.commits._queue) < len(others):
                pass
            self.others_wait.set()
            return [each.result(10) for each in done]


def written(database: Database) -> list[str]:
    names = database.ask("SELECT name FROM counters WHERE value = 1 ORDER BY name")
    return [name for (name,) in names if len(name.partition(".")[0]) == 1]


def test_those_who_come_meanwhile_are_written_together(database: Database):
    writer = Writer(database)
    assert writer.all_at_once("a", "b", "c", "d") == ["A", "B", "C", "D"]
    assert [len(group) for group in writer.groups] == [1, 3]
    assert written(database) == ["a", "b", "c", "d"]


def test_one_that_fails_fails_alone(database: Database):
    writer = Writer(database, lambda name: Conflict(name) if name == "c" else None)
    assert writer.all_at_once("a", "b", "c", "d") == ["A", "B", "Conflict", "D"]
    assert written(database) == ["a", "b", "d"]


def test_two_of_one_key_never_share_a_transaction(database: Database):
    writer = Writer(database)
    writer.all_at_once("a", "b.1", "b.2", "c")
    keys = [[name.partition(".")[0] for name in group] for group in writer.groups]
    assert all(len(set(group)) == len(group) for group in keys)
    assert written(database) == ["a", "b.1", "b.2", "c"]


@pytest.mark.parametrize("failure", [Unavailable, OutcomeUnknown])
def test_where_the_database_fails_it_fails_for_all_and_nothing_is_tried_again(database: Database, failure):
    writer = Writer(database, lambda name: failure(name) if name == "c" else None)
    assert writer.all_at_once("a", "b", "c", "d") == ["A", *[failure.__name__] * 3]
    assert len(writer.groups) == 2


def test_of_many_threads_every_one_gets_its_own_result(database: Database):
    commits = Together(database, lambda tx, names: [f"done {name}" for name in names], key=str, together_max=3)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(commits.write, [str(number) for number in range(300)]))
    assert results == [f"done {number}" for number in range(300)]


def test_functions_see_what_those_before_them_wrote_and_one_that_fails_fails_alone(database: Database):
    def add(tx: Tx) -> int:
        tx.execute(
            "INSERT INTO counters (name, value) VALUES ('sum', 1)"
            " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"
        )
        return tx.execute("SELECT value FROM counters WHERE name = 'sum'").one()[0]

    def fail(tx: Tx) -> None:
        add(tx)
        raise Conflict("no")

    def outcome(write: Callable[[Tx], object]) -> object:
        try:
            return commits.write(write)
        except Conflict:
            return "Conflict"

    commits = of_anything(database)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(outcome, [fail if number % 7 == 0 else add for number in range(70)]))
    assert results.count("Conflict") == 10
    assert sorted(result for result in results if result != "Conflict") == list(range(1, 61))
