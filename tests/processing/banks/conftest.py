"""What the tests of banks share: the mock bank as a process, and its adapter on the bench.

A test file of another adapter has a fixture `bench` of its own, which takes the place of this one.
"""

from collections.abc import Iterator

import pytest

from tests.processing.banks.adapter_bench import Bench
from tests.processing.banks.foreign_bank import BankProcess
from tests.processing.banks.mock_bench import RunningClock, TestCards, bench_of


@pytest.fixture(scope="module")
def bank_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    process = BankProcess(tmp_path_factory.mktemp("bank"), slow_answer_ms=400)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def vault_cards() -> TestCards:
    return TestCards()


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def bench(bank_process: BankProcess, vault_cards: TestCards, clock: RunningClock) -> Bench:
    return bench_of(bank_process, vault_cards, clock)
