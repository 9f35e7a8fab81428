"""Breakers that all processes of a machine share: a small file in memory, a slot an upstream.

    board = opened(Path("var/run/breakers"))          # None where it cannot be: each process has breakers of its own
    breaker = board.breaker("processing http://127.0.0.1:8022", failures_max=10, open_ms=2000)

They open together, and of all processes one call at a time tries again. While a breaker is closed a call reads two
words of mapped memory and makes no system call. Whoever takes the trial holds the file's lock, which the kernel takes
back from a process that dies; where a paused one holds it, nobody waits: the trial is left to a later call. A trial
whose process died, or that nobody ended for TRIAL_S_MAX, is over.

Times are those of the machine's monotonic clock, the same in all its processes since it started; a file of an earlier
start counts for nothing. Must not know what is called.
"""

import contextlib
import fcntl
import hashlib
import mmap
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rpc.breaker import CLOSED, HALF_OPEN, OPEN, OPEN_REASON
from rpc.failures import Unavailable
from telemetry import log

MAGIC = 0x6272_6561_6B65_7231
"""Of the layout below; another number is another layout, and begun anew."""

SLOTS = 63
WORDS = 8
NAME, FAILURES, OPENED_NS, TRIAL_PID, TRIAL_NS = range(5)
"""The words of a slot, 8 bytes each. 0 in OPENED_NS: closed; in TRIAL_PID: nobody tries."""

HEADER_WORDS = WORDS
SIZE = (HEADER_WORDS + SLOTS * WORDS) * 8
TRIAL_S_MAX = 40
"""Longer than any call may take."""

TURN_TRIES, TURN_PAUSE_S = 20, 0.0002
"""The lock is held for microseconds; who does not get it in these four milliseconds does without."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Board:
    """The file, mapped. One per process; `opened` makes it. Raises OSError."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clock_ns = clock_ns
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._turn = threading.Lock()
        with self.changing():
            # The pages must be on the disk: touching one of a file with holes kills the process when the disk is full.
            os.posix_fallocate(self._descriptor, 0, SIZE)
            self.words = memoryview(mmap.mmap(self._descriptor, SIZE)).cast("q")
            self._begin_anew_unless_ours()

    def breaker(self, name: str, failures_max: int, open_ms: int) -> "SharedBreaker":
        """The breaker of that name: one for all processes that ask for it. Raises OSError when the board is full."""
        wanted = number_of(name)
        with self.changing():
            for place in range(HEADER_WORDS, len(self.words), WORDS):
                if self.words[place + NAME] in (0, wanted):
                    self.words[place + NAME] = wanted
                    return SharedBreaker(self, place, failures_max, open_ms)
        raise OSError("no slot is left on the board of breakers")

    @contextlib.contextmanager
    def changing(self) -> Iterator[bool]:
        """Alone on the board, among the threads and the processes; False where that could not be had in time."""
        with self._turn:
            is_alone = self._lock()
            try:
                yield is_alone
            finally:
                if is_alone:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _lock(self) -> bool:
        for _ in range(TURN_TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(TURN_PAUSE_S)
        return False

    def _begin_anew_unless_ours(self) -> None:
        ours = (MAGIC, number_of(boot_id()))
        if tuple(self.words[:2]) != ours:
            for place in range(len(self.words)):
                self.words[place] = 0
            self.words[0], self.words[1] = ours


class SharedBreaker:
    """As rpc.breaker.Breaker, over one slot. Failures in a row are counted over all processes."""

    __slots__ = ("_board", "_failures_max", "_open_ns", "_place", "_words")

    def __init__(self, board: Board, place: int, failures_max: int, open_ms: int) -> None:
        self._board, self._words, self._place = board, board.words, place
        self._failures_max, self._open_ns = failures_max, open_ms * 1_000_000

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        if not self._words[self._place + OPENED_NS]:
            return CLOSED
        return HALF_OPEN if self._words[self._place + TRIAL_PID] else OPEN

    def admit(self) -> None:
        """Lets a call pass, or raises Unavailable."""
        if not self._words[self._place + OPENED_NS]:
            return
        now, words, place = self._board.clock_ns(), self._words, self._place
        if now < words[place + OPENED_NS] + self._open_ns:
            raise Unavailable(OPEN_REASON)
        with self._board.changing() as is_alone:
            if not words[place + OPENED_NS]:
                return
            is_early = now < words[place + OPENED_NS] + self._open_ns
            if is_early or not is_alone or self._is_tried(now):
                raise Unavailable(OPEN_REASON)
            words[place + TRIAL_PID], words[place + TRIAL_NS] = os.getpid(), now

    def succeeded(self) -> None:
        """The service answered, whatever it said."""
        words, place = self._words, self._place
        if words[place + FAILURES] or words[place + OPENED_NS]:
            words[place + FAILURES] = words[place + OPENED_NS] = words[place + TRIAL_PID] = 0

    def failed(self) -> None:
        """The service did not answer. Counted without the lock: of failures at the same moment one may be missed."""
        words, place = self._words, self._place
        words[place + FAILURES] += 1
        is_closed = not words[place + OPENED_NS]
        if self._is_mine() or (is_closed and words[place + FAILURES] >= self._failures_max):
            words[place + OPENED_NS], words[place + TRIAL_PID] = self._board.clock_ns(), 0

    def abandoned(self) -> None:
        """The call ended without saying anything of the service; another may try in its place."""
        if self._is_mine():
            self._words[self._place + TRIAL_PID] = 0

    def _is_mine(self) -> bool:
        return self._words[self._place + TRIAL_PID] == os.getpid()

    def _is_tried(self, now: int) -> bool:
        """Whether a living process is trying, and not for too long."""
        pid = self._words[self._place + TRIAL_PID]
        return bool(pid) and now < self._words[self._place + TRIAL_NS] + TRIAL_S_MAX * 10**9 and is_alive(pid)


def opened(path: Path) -> Board | None:
    """The board below that path; None where it cannot be made or mapped, which is logged."""
    try:
        return Board(path)
    except (OSError, ValueError) as failure:
        log.warning("rpc.breakers_not_shared", path=str(path), reason=str(failure))
        return None


def number_of(text: str) -> int:
    """63 bits that stand for a text, never 0."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 or 1


def boot_id() -> str:
    """Differs from one start of the machine to the next; "" where the system does not say."""
    try:
        return BOOT_ID.read_text()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one of another account is there too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
