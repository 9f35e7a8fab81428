"""What the platform asks of a database. `tests/processing/storage/conformance.py` says the same in tests.

SQL of the callers is portable: `?` placeholders, INSERT .. ON CONFLICT, RETURNING, no functions of one product. Values
are int (64 bits), str, bytes and None. Rows are tuples. Times are integers, milliseconds since 1970 (`moments.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

Row = tuple[Any, ...]


class Unavailable(Exception):
    """The database could not be reached or stayed locked: surely nothing was done."""


class OutcomeUnknown(Exception):
    """The database failed while it committed: the transaction may or may not have happened."""


class Conflict(Exception):
    """Somebody else was quicker, and nothing was done: the machine moved on since it was read, the same row was made,
    or each waited for the other. Retried by `processing.machine` and nowhere else."""


class Rows(Protocol):
    """The answer to one statement, read whole."""

    rowcount: int
    """Rows inserted, updated or deleted."""

    def one(self) -> Row | None:
        """The first row, or None."""

    def all(self) -> list[Row]:
        """Every row."""


class Tx(Protocol):
    """One transaction. It is over when its `with` block ends; keep nothing of it."""

    row_lock: str
    """Ends a SELECT whose rows this transaction will change ("" in a reader, and where a writer is alone)."""

    skip_locked: str
    """The same, passing over rows which another transaction holds."""

    memory: dict[str, Any]
    """What those who work in this transaction remember of it: rows that they have read and locked."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Runs one statement."""

    def soon(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Runs one statement, at the latest when its rows are looked at: together with others that nobody has yet."""

    def execute_each(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs one statement for each row of parameters, as `later` does."""

    def later(
        self, sql: str, params: Sequence[Any] = (), or_raise: BaseException | None = None, *, wakes: bool = False
    ) -> None:
        """Runs one statement whose answer nobody needs, at the latest when the block ends, before what is asked next.

        Raises `or_raise`, here or later, when the statement touched no row. `wakes`: as `wake`, when it touched one.
        """

    def draw_each(self, counter: str, count: int) -> list[int]:
        """So many numbers as `draw` gives, rising, perhaps with gaps."""

    def draw(self, counter: str, count: int = 1) -> int:
        """The first of `count` consecutive numbers, above 0, that nobody was given before. There may be gaps."""

    def settled(self, counter: str) -> int:
        """A number at or below which no row can appear any more: every drawer up to here has committed or given up.

        A reader asks for it before it reads anything else.
        """

    def wake(self) -> None:
        """When this transaction commits, watchers of every process are told that there may be work."""

    def after_commit(self, action: Callable[[], None]) -> None:
        """Runs `action` in this thread once the transaction is durable; never when it is rolled back."""


class Watch(Protocol):
    """One thread's ear for commits of others. Not shared between threads."""

    def wait(self, timeout_s: float) -> bool:
        """True as soon as something was committed since the last call, False after the timeout. May be wrongly True."""

    def close(self) -> None:
        """Gives up the connection."""


class Database(Protocol):
    """Many threads and many processes use one database at a time."""

    dialect: str
    """"sqlite" or "postgresql": names the migrations that only one of them runs."""

    def transaction(self) -> AbstractContextManager[Tx]:
        """Reads and writes, all or nothing: durable when the block ends, rolled back when it raises.

        What it read with `row_lock` does not change beneath it; of the rest a later write may raise Conflict or touch
        no row. Raises Unavailable on entry and inside, OutcomeUnknown on exit. Cannot be nested.
        """

    def read(self) -> AbstractContextManager[Tx]:
        """One consistent moment of the database, without waiting for writers. Writing raises."""

    def ask(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """The rows of one statement that reads, a moment of its own; cheaper than `read`. Raises Unavailable."""

    def clock(self) -> datetime:
        """The time where the database is, to the second: what all its users can compare theirs with."""

    def watch(self) -> Watch:
        """An ear for commits."""

    def close(self) -> None:
        """Gives up every connection."""
