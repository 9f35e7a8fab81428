"""The bank's own books, read from its own file: what it really holds, took and gave back."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

COLUMNS = "reference, txn, state, held, taken, returned, disputed"
BUSY_S = 5


class Authorisation(NamedTuple):
    """Amounts in minor units. `reference` is ours: invoice and payment with a dot between."""

    reference: str
    txn: str
    state: str
    held: int
    taken: int
    returned: int
    disputed: int

    @property
    def invoice_id(self) -> str:
        """Of the platform's invoice that it was made for."""
        return self.reference.partition(".")[0]


class Bank:
    """`file`: the mock bank's database."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> dict[str, list[Authorisation]]:
        """Everything authorised or declined, by invoice."""
        found = defaultdict(list)
        for each in self._authorisations():
            found[each.invoice_id].append(each)
        return found

    def authorisations(self, invoice_id: str) -> list[Authorisation]:
        """Those of one invoice."""
        return self._authorisations(" WHERE reference LIKE ? || '.%'", invoice_id)

    def is_busy(self) -> bool:
        """Whether it is going to do something by itself or to call somebody."""
        later = "SELECT EXISTS (SELECT 1 FROM {} WHERE due_at IS NOT NULL{})"
        steps = later.format("operations", " AND due_step <> 'EXPIRE'")
        return any(self._read(question)[0][0] for question in (steps, later.format("notices", "")))

    def _authorisations(self, where: str = "", *parameters: str) -> list[Authorisation]:
        return [Authorisation(*row) for row in self._read(f"SELECT {COLUMNS} FROM authorisations{where}", *parameters)]  # noqa: S608

    def _read(self, question: str, *parameters: str) -> list[tuple]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=BUSY_S)) as opened:
            return opened.execute(question, parameters).fetchall()
