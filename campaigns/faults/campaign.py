"""The campaign in its order: start, load with faults, calm, waiting until all is final, judgement."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.faults import checks, nemesis, syncs
from campaigns.faults.bank import Bank
from campaigns.faults.client import Caller, Journal, Patience
from campaigns.faults.feed import Feed
from campaigns.faults.operator_calls import Operator
from campaigns.faults.receivers import HOOKS, Receiver
from campaigns.faults.scene import Row, Scene
from campaigns.faults.stories import WORDS, Played, Story
from campaigns.faults.system import Demo, System
from rpc.failures import RpcFailure

STORIES_AT_ONCE = (64, 600)
STORY_S = 60
"""As long as a story takes while everything fails: so many are told at a time that none has to wait for its turn."""

RATE = 7.0
PLAYED_SHARE, LONGER_MAX = 0.8, 1.5
"""Faults go on until so many stories came to their end, but no longer than so many times the load's own length."""

JUMP_S = 180.0
READING_S_MAX = 0.1
FAULTS_S_MIN = 9.0
FAILING_SHARE = 0.7
TICK_S = 0.05
SETTLE_PAUSE_S = 0.5
PROGRESS_S = 5.0
OPERATOR_PAUSE_S = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """`rate`: payments begun a second, as long as faults last. `settle_s`: time to be final after them.

    `database`: "sqlite", or the URL of an empty one. `jump_s`: a clock is set wrong by that at most, and by a third of
    it at least; what was timed by it rests for as long.
    """

    payments: int
    seed: int
    rate: float
    settle_s: float
    database: str = "sqlite"
    jump_s: float = JUMP_S
    outside: nemesis.Outside = field(default_factory=nemesis.Outside)

    @property
    def faults_s(self) -> float:
        """How long something goes wrong."""
        return max(FAULTS_S_MIN, self.payments / self.rate)

    @property
    def stories_at_once(self) -> int:
        """How many merchants and payers there are."""
        least, most = STORIES_AT_ONCE
        return int(min(max(self.rate * STORY_S, least), most))


@dataclass
class Result:
    """What the table is made of."""

    facts: dict[str, str]
    rows: list[Row]


def run(order: Order, state: Path, books: Path, say: Say) -> Result:
    """The whole campaign on a system of its own in `state`. Raises what keeps it from starting."""
    system = System(state, order.database, order.seed, books)
    receivers: list[Receiver] = []
    try:
        demo = system.start()
        say(f"started; faults for {order.faults_s:.0f} s, then at most {order.settle_s:.0f} s to settle")
        begun = time.monotonic()
        receivers += [Receiver(hook, begun + FAILING_SHARE * order.faults_s, order.seed) for hook in HOOKS]
        return Campaign(order, system, demo, receivers, say).run()
    finally:
        system.stop()
        for receiver in receivers:
            receiver.close()


class Pending:
    """Invoices that `question` still finds fault with: asked again of those and of new ones, in the end of all."""

    def __init__(self, question: Callable[[Scene, list[str]], list[str]]) -> None:
        self._question = question
        self._seen = 0
        self.open: list[str] = []

    def left(self, scene: Scene) -> list[str]:
        """What is open now."""
        names = list(scene.feed.invoices)
        self.open = self._question(scene, [*self.open, *names[self._seen :]]) or self._question(scene, names)
        self._seen = len(names)
        return self.open


class Campaign:
    """One run on a running system."""

    def __init__(self, order: Order, system: System, demo: Demo, receivers: list[Receiver], say: Say) -> None:
        self._order, self._system, self._demo, self._say = order, system, demo, say
        self._begun = time.monotonic()
        bank = Bank(system.settings.mock_bank.database)
        end = self._begun + LONGER_MAX * order.faults_s + order.settle_s
        journal, patience = Journal(), Patience(end)
        operator = Operator(system.settings, bank)
        callers = {
            version: Caller(version, system.gateway_urls(version), demo.api_key, journal, patience) for version in WORDS
        }
        ends = (system.ended, system.lingering)
        self._scene = Scene(Feed(operator), bank, operator, callers, patience, journal, Played(), receivers, *ends)
        faults = nemesis.plan(
            order.seed,
            LONGER_MAX * order.faults_s,
            sorted(system.processes),
            more=order.outside.kinds,
            jump_s=order.jump_s,
            syncing=order.outside.syncing,
        )
        self._nemesis = nemesis.Nemesis(system, faults, order.outside)
        self._done = threading.Event()
        self._settled: dict[str, float] = {}
        self._faults_s, self._played_under_faults = 0.0, 0

    def run(self) -> Result:
        """Webhooks for all receivers, load and faults side by side, then calm."""
        self._subscribe()
        self._begun = time.monotonic()
        watch = threading.Thread(target=self._operate, daemon=True)
        watch.start()
        with ThreadPoolExecutor(self._order.stories_at_once, thread_name_prefix="story") as pool:
            try:
                self._system.make_trouble(True)
                self._load_under_faults(pool)
                self._system.make_trouble(False)
                self._faults_s = self._elapsed()
                self._played_under_faults = sum(self._scene.played.ends.values())
                self._system.await_ready()
                self._say(f"{self._elapsed():6.0f} s  the faults are over, everything runs")
                self._settle()
            except BaseException:
                self._scene.patience.end = 0
                raise
        self._done.set()
        watch.join()
        objects = len(self._scene.journal.acknowledged) + len(self._scene.journal.keys)
        self._scene.patience.end = time.monotonic() + self._order.settle_s + objects * READING_S_MAX
        with suppress(RpcFailure):
            self._scene.feed.read()
        return Result(self._facts(), checks.judge(self._scene))

    def _subscribe(self) -> None:
        """Each receiver through its version."""
        for receiver in self._scene.receivers:
            words, caller = WORDS[receiver.hook.version], self._scene.callers[receiver.hook.version]
            types = list(receiver.hook.event_types)
            receiver.secret = words.subscribe(caller, self._demo.shop, receiver.url, types)

    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def _load_under_faults(self, pool: ThreadPoolExecutor) -> None:
        order, started, told_at = self._order, 0, 0.0
        while (elapsed := self._elapsed()) < order.faults_s or not self._nemesis.is_over:
            if elapsed >= order.faults_s and sum(self._scene.played.ends.values()) >= PLAYED_SHARE * order.payments:
                self._nemesis.enough()
            self._nemesis.tick(elapsed)
            due = min(order.payments, math.ceil(order.payments * elapsed / order.faults_s))
            for number in range(started, due):
                scene = self._scene
                pool.submit(Story.draw(scene.callers, self._demo.shop, order.seed, number, scene.played).play)
            started = max(started, due)
            if elapsed - told_at >= PROGRESS_S:
                told_at = elapsed
                self._progress(f"{started} begun")
            time.sleep(TICK_S)

    def _settle(self) -> None:
        """Until nothing is under way, or the time is up."""
        calm, told_at = self._elapsed(), self._elapsed()
        money, news = Pending(checks.unsettled), Pending(checks.untold)
        self._scene.patience.end = time.monotonic() + self._order.settle_s
        while self._elapsed() < calm + self._order.settle_s:
            with suppress(RpcFailure):
                self._scene.feed.read()
                is_played = sum(self._scene.played.ends.values()) == self._order.payments
                if not money.left(self._scene) and is_played and not self._scene.bank.is_busy():
                    self._settled.setdefault("final after the faults", self._elapsed() - calm)
                    if not news.left(self._scene):
                        self._settled["all webhooks taken after the faults"] = self._elapsed() - calm
                        return
            if self._elapsed() - told_at >= PROGRESS_S:
                told_at = self._elapsed()
                self._progress(f"{len(money.open)} invoices not final, {len(news.open)} not told of")
            time.sleep(SETTLE_PAUSE_S)

    def _operate(self) -> None:
        """The operator looks after stopped machines all the time."""
        while not self._done.wait(OPERATOR_PAUSE_S):
            with suppress(RpcFailure):
                self._scene.operator.repair_all()

    def _progress(self, words: str) -> None:
        scene = self._scene
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(self._nemesis.done.items()))
        self._say(
            f"{self._elapsed():6.0f} s  {words}, {sum(scene.played.ends.values())} of {self._order.payments} played,"
            f" {sum(receiver.attempts for receiver in scene.receivers)} webhooks, faults: {faults or 'none yet'}"
        )

    def _facts(self) -> dict[str, str]:
        played, order = self._scene.played, self._order
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(played.kinds.items()))
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(self._nemesis.done.items()))
        return {
            "seed": str(order.seed),
            "database": order.database.partition(":")[0],
            "load": f"{order.payments} stories: {kinds}",
            "versions": ", ".join(f"{count} through {name}" for name, count in sorted(played.versions.items())),
            "cards": f"{len(set(played.cards.values()))} different ones",
            "faults": f"{faults}, in {self._faults_s:.0f} s",
            "played under faults": f"{self._played_under_faults} of {order.payments} stories",
            "line to the bank": ", ".join(f"{count} x {kind}" for kind, count in self._system.line_troubles.items()),
            "clocks": f"wrong by {order.jump_s / 3:.0f} to {order.jump_s:.0f} s, one process at a time",
            "starts without database": f"{self._system.starts_without_database}, each made again",
            "full disks": ", ".join(f"{name}: {disk.origin}" for name, disk in order.outside.disks.items())
            or "none: this machine lets us mount nothing",
            "failed syncs": f"{syncs.counted(order.outside.sync_log)}, answered EIO"
            if order.outside.syncing
            else "none: there is no strace that may attach to processes here",
            **{name: f"{seconds:.1f} s" for name, seconds in self._settled.items()},
        }
