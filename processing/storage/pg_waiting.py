"""Statements for PostgreSQL that wait to be sent: in its own words, rows of one table in one, answers for who asked."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from processing.storage.pg_statements import PgRows
from processing.storage.port import Row

PLAIN_INSERT = re.compile(r"(INSERT INTO [^?$]+ VALUES )\(\$1(?:, \$\d+)*\)")
ROWS_AT_ONCE = (16, 12, 8, 6, 4, 3, 2, 1)
"""Rows of one INSERT: few kinds of statements to prepare."""


@lru_cache(maxsize=1024)
def translated(sql: str) -> str:
    """`?` outside of quotes become $1, $2 ... and an empty list what PostgreSQL allows to be in one."""
    out, number = [], 0
    for index, part in enumerate(sql.split("'")):
        if index % 2 == 0:
            pieces = part.split("?")
            part = pieces[0]
            for piece in pieces[1:]:
                number += 1
                part += f"${number}{piece}"
        out.append(part)
    return "'".join(out).replace(" IN ()", " IN (NULL)")


class Waiting(NamedTuple):
    """A statement that waits to be sent. `refusal` is raised when it touches no row; `wakes`: it wakes others when it
    does; its answer is wanted by `rows`."""

    sql: str
    params: Sequence[Any]
    refusal: BaseException | None = None
    wakes: bool = False
    rows: "RowsToCome | None" = None


def merged(waiting: Sequence[Waiting]) -> Iterator[Waiting]:
    """The same statements; rows of one table that follow each other become one statement, which costs both ends about
    15 microseconds less for each of them."""
    for sql, alike in groupby(waiting, key=lambda each: each.sql):
        same = list(alike)
        is_plain = len(same) > 1 and PLAIN_INSERT.fullmatch(sql)
        if not is_plain or any(each.refusal is not None or each.wakes or each.rows is not None for each in same):
            yield from same
            continue
        while same:
            count = next(count for count in ROWS_AT_ONCE if count <= len(same))
            taken, same = same[:count], same[count:]
            yield Waiting(of_rows(sql, count), [value for each in taken for value in each.params])


@lru_cache(maxsize=256)
def of_rows(sql: str, count: int) -> str:
    """A plain INSERT, of so many rows."""
    head = PLAIN_INSERT.fullmatch(sql)[1]
    width = sql.count("$")
    rows = (range(first, first + width) for first in range(1, count * width + 1, width))
    return head + ", ".join(f"({', '.join(f'${number}' for number in row)})" for row in rows)


class RowsToCome:
    """The answer to a statement that is sent when somebody looks at its rows."""

    __slots__ = ("_answer", "_flush")

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._answer: PgRows | None = None

    def come(self, answer: PgRows) -> None:
        """The statement was sent, with others."""
        self._answer = answer

    @property
    def rowcount(self) -> int:
        return self._come().rowcount

    def one(self) -> Row | None:
        return self._come().one()

    def all(self) -> list[Row]:
        return self._come().all()

    def _come(self) -> PgRows:
        if self._answer is None:
            self._flush()
        return self._answer
