"""States of machines that this process has seen lately, so that a history is not read and replayed at every command.

What is remembered may be old: who decides on it finds out when the decision is appended (expected sequence), who needs
the state of now asks the database for the records since (`processing.machine`).
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

from processing.domain.state import Invoice

STATES_MAX = 1000
"""About ten kilobytes each."""


class Remembered(NamedTuple):
    """A machine after the record `record_id`, its `sequence`th. Sequence 0 and no state: there is no machine."""

    record_id: int
    sequence: int
    state: Invoice | None


class States:
    """By machine id; those that were not asked for are forgotten first. Shared by all threads."""

    def __init__(self, states_max: int = STATES_MAX) -> None:
        self._states_max = states_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Remembered] = OrderedDict()

    def get(self, machine_id: str) -> Remembered | None:
        """What is remembered, or None."""
        with self._lock:
            if machine_id in self._kept:
                self._kept.move_to_end(machine_id)
            return self._kept.get(machine_id)

    def put(self, machine_id: str, seen: Remembered) -> Remembered:
        """Remembers the later of this and what is remembered; answers `seen`."""
        with self._lock:
            known = self._kept.get(machine_id)
            if known is None or known.sequence < seen.sequence:
                self._kept[machine_id] = seen
                self._kept.move_to_end(machine_id)
                if len(self._kept) > self._states_max:
                    self._kept.popitem(last=False)
        return seen

    def forget(self, machine_id: str) -> None:
        """The next one reads it from the database."""
        with self._lock:
            self._kept.pop(machine_id, None)
