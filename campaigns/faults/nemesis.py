"""What goes wrong and when: a plan drawn from the seed, done to the processes step by step.

The plan is the same for the same seed; where it hits, the operating system's timing decides.
"""

import heapq
import random
import signal
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from campaigns.faults.system import LEASE_S, System

PAUSE_S = (0.8, 3.0)
LONG_PAUSE_S = (LEASE_S + 1.0, LEASE_S + 4.0)
DOWN_S = (0.1, 0.8)
HOLDERS_OF_LEASES = ("workers", "workers_2", "vault", "processing")
SLOW_PULSES, SLOW_PULSE_S = 8, (0.25, 0.1)
WEIGHTS = {"kill": 64, "kill one inside": 10, "long pause": 8, "pause": 10, "slow bank": 8}
DATABASE = "database"
DATABASE_WEIGHT = 8


class Fault(NamedTuple):
    """`after_s`: since the faults began. `length_s`: until the process is started or goes on again."""

    after_s: float
    kind: str
    process: str
    length_s: float


def plan(seed: int, seconds: float, names: list[str], *, with_database: bool = False) -> list[Fault]:
    """Something every two seconds on average. The first is a kill; a long pause is one that ends in time."""
    dice, moment, found = random.Random(f"nemesis {seed}"), 1.0, []  # noqa: S311 - repeatable on purpose
    weights = WEIGHTS | ({"database restart": DATABASE_WEIGHT} if with_database else {})
    while moment < seconds:
        kind = dice.choices(list(weights), list(weights.values()))[0] if found else "kill"
        choice = {"slow bank": ["mock_bank"], "long pause": HOLDERS_OF_LEASES, "database restart": [DATABASE]}.get(
            kind, names
        )
        if kind == "long pause" and moment + LONG_PAUSE_S[1] > seconds:
            kind = "pause"
        length = {"long pause": LONG_PAUSE_S, "pause": PAUSE_S}.get(kind, DOWN_S)
        found.append(Fault(moment, kind, dice.choice(choice), dice.uniform(*length)))
        moment += dice.uniform(1.0, 3.0)
    return found


class Nemesis:
    """Does the plan to the system. `tick` is called often, from the thread that started the system.

    `restart_database`: as a power cut does it, where the database is a server of the campaign's own.
    """

    def __init__(
        self, system: System, faults: list[Fault], restart_database: Callable[[], None] = lambda: None
    ) -> None:
        self._system = system
        self._restart_database = restart_database
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._busy: set[str] = set()
        self._count = 0
        self.done: Counter[str] = Counter()
        for fault in faults:
            self._at(fault.after_s, lambda fault=fault: self._begin(fault))

    def tick(self, elapsed_s: float) -> None:
        """Does what has come due, and starts what ended without our doing."""
        self._now = elapsed_s
        self._system.start_ended(but_not=self._busy)
        while self._due and self._due[0][0] <= elapsed_s:
            heapq.heappop(self._due)[2]()

    @property
    def is_over(self) -> bool:
        """Whether every fault was done and undone."""
        return not self._due

    def _at(self, moment_s: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (moment_s, self._count, what))

    def _begin(self, fault: Fault) -> None:
        """A process that is down or paused is left alone: it is suffering already."""
        name, system = fault.process, self._system
        if name in self._busy:
            self.done["passed over"] += 1
            return
        self.done[fault.kind] += 1
        at_once = {"kill one inside": system.kill_one_inside, "database restart": lambda _: self._restart_database()}
        if fault.kind in at_once:
            at_once[fault.kind](name)
            return
        self._busy.add(name)
        if fault.kind == "kill":
            system.kill(name)
            self._at(self._now + fault.length_s, lambda: self._end(name, lambda: system.start_again(name)))
        elif fault.kind == "slow bank":
            self._pulse(name, SLOW_PULSES)
        else:
            system.tell(name, signal.SIGSTOP)
            self._at(self._now + fault.length_s, lambda: self._end(name, lambda: system.tell(name, signal.SIGCONT)))

    def _end(self, name: str, undo: Callable[[], None]) -> None:
        undo()
        self._busy.discard(name)

    def _pulse(self, name: str, left: int) -> None:
        """Stops the process again and again, so that it answers late but answers."""
        self._system.tell(name, signal.SIGSTOP)
        stopped_s, running_s = SLOW_PULSE_S

        def go_on() -> None:
            self._system.tell(name, signal.SIGCONT)
            if left:
                self._at(self._now + running_s, lambda: self._pulse(name, left - 1))
            else:
                self._busy.discard(name)

        self._at(self._now + stopped_s, go_on)
