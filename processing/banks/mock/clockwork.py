"""What happens at the bank by itself: pending operations fall due, notices go out. One task in the event loop."""

import asyncio
import contextlib

from processing.banks.mock.bank import Bank
from processing.banks.mock.notices import Courier
from telemetry import log

LONGEST_WAIT_S = 60.0
PAUSE_AFTER_FAULT_S = 1.0


class Clockwork:
    """Sleeps until the next due moment; `wake` after writing one that may be sooner."""

    def __init__(self, bank: Bank, courier: Courier) -> None:
        self._bank = bank
        self._courier = courier
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._rounds: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Runs from now on; what fell due while the bank was down comes first."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        tasks = [*self._rounds, *([self._task] if self._task else [])]
        self._task = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        self._woken.set()

    async def deliver_now(self) -> None:
        """Sends the notices that are due and waits for their receivers."""
        await self._courier.deliver(self._courier.claim_due())

    async def _run(self) -> None:
        while True:
            try:
                self._woken.clear()
                self._bank.run_due()
                self._send_due()
                await self._rest()
            except Exception:
                log.error("mock_bank.clockwork", exc_info=True)
                await asyncio.sleep(PAUSE_AFTER_FAULT_S)

    def _send_due(self) -> None:
        """Delivers beside the loop: a merchant that answers slowly delays no decision."""
        claimed = self._courier.claim_due()
        if claimed:
            round_ = asyncio.create_task(self._courier.deliver(claimed))
            self._rounds.add(round_)
            round_.add_done_callback(self._ended)

    def _ended(self, round_: asyncio.Task[None]) -> None:
        self._rounds.discard(round_)
        self.wake()

    async def _rest(self) -> None:
        due_at = self._bank.books.next_due_at()
        wait_s = LONGEST_WAIT_S if due_at is None else min(max(due_at - self._bank.now(), 0) / 1000, LONGEST_WAIT_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), wait_s)
