"""What goes wrong and when: a plan drawn from the seed, done to the processes step by step.

Every KILL_EVERY_S a process is killed; in between something else goes wrong. The plan is the same for the same seed;
where it hits, the operating system's timing decides.
"""

import heapq
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from campaigns.faults.disk import Disk
from campaigns.faults.syncs import FailingSyncs
from campaigns.faults.system import LEASE_S, System, is_running

KILL, KILL_EVERY_S = "kill", 2.0
OTHERS_EVERY_S = (2.0, 5.0)
DOWN_S, PAUSE_S = (0.1, 0.8), (0.8, 3.0)
LONG_PAUSE_S = (LEASE_S + 1.0, LEASE_S + 5.0)
CLOCK_WRONG_S, FULL_S, NO_SYNC_S = (4.0, 12.0), (1.0, 4.0), (1.0, 4.0)
LENGTHS = {
    "long pause": LONG_PAUSE_S, "pause": PAUSE_S, "clock ahead": CLOCK_WRONG_S, "clock behind": CLOCK_WRONG_S,
    "disk full": FULL_S, "database's disk full": FULL_S, "syncs fail": NO_SYNC_S, "database's syncs fail": NO_SYNC_S,
}  # fmt: skip
WEIGHTS = {
    "kill one inside": 10, "master killed alone": 10, "long pause": 14, "pause": 10, "slow bank": 10,
    "clock ahead": 12, "clock behind": 12,
}  # fmt: skip
MORE_WEIGHTS = {
    "database restart": 8, "disk full": 8, "database's disk full": 8, "syncs fail": 8, "database's syncs fail": 8,
}  # fmt: skip
"""Where the campaign has a database and disks of its own, and may attach to processes."""

DATABASE, DISK = "database", "disk"
PLACES = {
    "slow bank": "mock_bank", "database restart": DATABASE, "disk full": DISK, "database's disk full": DATABASE,
    "database's syncs fail": DATABASE,
}  # fmt: skip
HOLDERS_OF_LEASES = ("workers", "workers_2", "vault", "processing")
SLOW_PULSES, SLOW_PULSE_S = 8, (0.25, 0.1)
PATIENCE_S = 15.0
LINGER_S_MAX = 10.0
"""A process whose master is gone finishes what it has begun and ends; so long it may take."""


class Fault(NamedTuple):
    """`after_s`: since the faults began. `length_s`: until it is undone. `size`: seconds by which a clock is wrong."""

    after_s: float
    kind: str
    process: str
    length_s: float
    size: float = 0.0


def plan(
    seed: int,
    seconds: float,
    names: list[str],
    *,
    more: tuple[str, ...] = (),
    jump_s: float = 180.0,
    syncing: tuple[str, ...] = (),
) -> list[Fault]:
    """A kill every KILL_EVERY_S; between them one of each other kind within two thirds of the time, then by chance.

    `more`: of MORE_WEIGHTS. `syncing`: whose syncs may fail.
    """
    dice, found = random.Random(f"nemesis {seed}"), []  # noqa: S311 - repeatable on purpose
    weights = WEIGHTS | {kind: MORE_WEIGHTS[kind] for kind in more}
    moment = 1.0
    while moment < seconds:
        found.append(Fault(moment, KILL, dice.choice(names), dice.uniform(*DOWN_S)))
        moment += KILL_EVERY_S
    first, pause = sorted(weights), min(OTHERS_EVERY_S[0], seconds * 2 / 3 / (len(weights) + 1))
    dice.shuffle(first)
    moment = pause
    while moment < seconds:
        kind = first.pop() if first else dice.choices(list(weights), list(weights.values()))[0]
        length = dice.uniform(*LENGTHS.get(kind, DOWN_S))
        found.append(Fault(moment, kind, place(kind, dice, names, syncing), length, dice.uniform(jump_s / 3, jump_s)))
        moment += pause if first else dice.uniform(*OTHERS_EVERY_S)
    return sorted(found)


def place(kind: str, dice: random.Random, names: list[str], syncing: tuple[str, ...]) -> str:
    """Where a fault of that kind hits."""
    if kind in PLACES:
        return PLACES[kind]
    if kind == "long pause":
        return dice.choice(HOLDERS_OF_LEASES)
    if kind == "syncs fail":
        return dice.choice(syncing)
    return dice.choice(names)


@dataclass
class Outside:
    """What can go wrong beside the processes. `disks`: of DISK, the platform's state, and DATABASE.

    `restart_database`: as a power cut does it; `revive_database`: starts it where it gave up; `database_pids`: of its
    processes. `syncing`: those of ours that sync, where the machine lets us attach to them; `sync_log`: what failed.
    """

    disks: Mapping[str, Disk] = field(default_factory=dict)
    restart_database: Callable[[], None] | None = None
    revive_database: Callable[[], None] = lambda: None
    database_pids: Callable[[], list[int]] | None = None
    syncing: tuple[str, ...] = ()
    sync_log: Path = Path(os.devnull)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of MORE_WEIGHTS those that can be done."""
        can = {
            "database restart": self.restart_database is not None,
            "disk full": DISK in self.disks,
            "database's disk full": DATABASE in self.disks,
            "syncs fail": bool(self.syncing),
            "database's syncs fail": bool(self.syncing) and self.database_pids is not None,
        }
        return tuple(kind for kind in MORE_WEIGHTS if can[kind])


class Nemesis:
    """Does the plan to the system. `tick` is called often, from the thread that started the system."""

    def __init__(self, system: System, faults: list[Fault], outside: Outside) -> None:
        self._system, self._outside = system, outside
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self._busy: set[str] = set()
        self._count = 0
        self.done: Counter[str] = Counter()
        self._kinds: dict[str, Callable[[Fault], None]] = {
            KILL: self._kill,
            "kill one inside": lambda fault: system.kill_one_inside(fault.process),
            "master killed alone": self._kill_master,
            "pause": self._pause,
            "long pause": self._pause,
            "slow bank": lambda fault: self._pulse(fault.process, SLOW_PULSES),
            "clock ahead": lambda fault: self._set_clock(fault, fault.size),
            "clock behind": lambda fault: self._set_clock(fault, -fault.size),
            "database restart": lambda fault: outside.restart_database(),
            "disk full": self._fill,
            "database's disk full": self._fill,
            "syncs fail": lambda fault: self._fail_syncs(fault, system.pids(fault.process)),
            "database's syncs fail": lambda fault: self._fail_syncs(fault, outside.database_pids()),
        }
        for fault in faults:
            self._at(fault.after_s, lambda fault=fault: self._begin(fault), self._planned)

    def tick(self, elapsed_s: float) -> None:
        """Does what has come due, and starts what ended without our doing."""
        self._now = elapsed_s
        self._system.start_ended(but_not=self._busy)
        for moments in (self._planned, self._due):
            while moments and moments[0][0] <= elapsed_s:
                heapq.heappop(moments)[2]()

    def enough(self) -> None:
        """Nothing more goes wrong; what did is still to be undone."""
        self._planned.clear()

    @property
    def is_over(self) -> bool:
        """Whether every fault was done and undone."""
        return not self._due and not self._planned

    def _at(self, moment_s: float, what: Callable[[], None], moments: list | None = None) -> None:
        self._count += 1
        heapq.heappush(self._due if moments is None else moments, (moment_s, self._count, what))

    def _begin(self, fault: Fault) -> None:
        """A process that is down, paused or wrong is let be: it is suffering already, and has its turn later."""
        if fault.process in self._busy:
            if self._now < fault.after_s + PATIENCE_S:
                self._at(self._now + PATIENCE_S / 10, lambda: self._begin(fault), self._planned)
            else:
                self.done["passed over"] += 1
            return
        self.done[fault.kind] += 1
        self._kinds[fault.kind](fault)

    def _undo_later(self, fault: Fault, undo: Callable[[], None]) -> None:
        def end() -> None:
            undo()
            self._busy.discard(fault.process)

        self._busy.add(fault.process)
        self._at(self._now + fault.length_s, end)

    def _kill(self, fault: Fault) -> None:
        self._system.kill(fault.process)
        self._undo_later(fault, lambda: self._system.start_again(fault.process))

    def _kill_master(self, fault: Fault) -> None:
        """What it served with has to end by itself and free the port; then it is started again."""
        name, since = fault.process, self._now
        left = self._system.kill_master(name)
        self._busy.add(name)

        def look() -> None:
            running = [pid for pid in left if is_running(pid)]
            if running and self._now - since < LINGER_S_MAX:
                self._at(self._now + 0.2, look)
                return
            if running:
                self._system.lingering.append(f"{name}: {len(running)} left {LINGER_S_MAX:.0f} s after its master")
                self._system.tell(name, signal.SIGKILL)
            self._system.start_again(name)
            self._busy.discard(name)

        look()

    def _pause(self, fault: Fault) -> None:
        self._system.tell(fault.process, signal.SIGSTOP)
        self._undo_later(fault, lambda: self._system.tell(fault.process, signal.SIGCONT))

    def _set_clock(self, fault: Fault, seconds: float) -> None:
        self._system.set_clock(fault.process, seconds)
        self._undo_later(fault, lambda: self._system.set_clock(fault.process, 0))

    def _fill(self, fault: Fault) -> None:
        disk = self._outside.disks[fault.process]
        disk.fill()

        def free() -> None:
            disk.free()
            if fault.process == DATABASE:
                self._outside.revive_database()

        self._undo_later(fault, free)

    def _fail_syncs(self, fault: Fault, pids: list[int]) -> None:
        """PostgreSQL ends at the first sync that fails, and may stay in recovery for ever: somebody restarts it."""
        failing = FailingSyncs(pids, self._outside.sync_log)

        def end() -> None:
            failing.end()
            if fault.process == DATABASE:
                self._outside.restart_database()

        self._undo_later(fault, end)

    def _pulse(self, name: str, left: int) -> None:
        """Stops the process again and again, so that it answers late but answers."""
        self._busy.add(name)
        self._system.tell(name, signal.SIGSTOP)
        stopped_s, running_s = SLOW_PULSE_S

        def go_on() -> None:
            self._system.tell(name, signal.SIGCONT)
            if left:
                self._at(self._now + running_s, lambda: self._pulse(name, left - 1))
            else:
                self._busy.discard(name)

        self._at(self._now + stopped_s, go_on)
