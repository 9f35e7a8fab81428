"""One running system for all end-to-end tests, and who uses it: a merchant, an operator, the bank's auditor."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from processing.banks.mock.config import from_settings
from settings import load
from tests.end_to_end.books import Books
from tests.end_to_end.merchant import Api
from tests.end_to_end.running import ROOT, System, running


@pytest.fixture(scope="session")
def system(tmp_path_factory) -> System:
    with running(tmp_path_factory.mktemp("system") / "state") as started:
        yield started


@pytest.fixture(scope="session")
def api(system) -> Api:
    return Api(f"{system.url('GATEWAY_V2')}/v2", f"{system.url('GATEWAY_V2_TOKENS')}/v2", system.api_key, "TESTSHOP")


@pytest.fixture(scope="session")
def books(system) -> Books:
    return Books(system.url("MOCK_BANK"), from_settings(load(system.environment).mock_bank).api_key)


@dataclass
class Operator:
    """`capi call` at the operator's terminal."""

    system: System

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Any `capi` command against this system."""
        command = [sys.executable, "-m", "console.main", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.system.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def call(self, service: str, function: str, *parameters: object, file: str = "payment_processing") -> object:
        """The decoded answer of a function of the platform."""
        url = self.system.url("PROCESSING") + PATHS[service]
        said = [json.dumps(parameter) for parameter in parameters]
        options = ["-u", "operator", "-r", "internal", "-s", f"specs/thrift/{file}.thrift"]
        done = self.run("call", *options, url, service, function, *said)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


PATHS = {
    "Invoicing": "/v1/processing/invoicing",
    "Accounter": "/accounter",
    "PartyManagement": "/v1/processing/partymgmt",
}


@pytest.fixture(scope="session")
def operator(system) -> Operator:
    return Operator(system)


class Ledger:
    """The platform's books."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def is_sound(self) -> bool:
        """Rebuilt from its entries, every currency comes to zero."""
        totals = self._operator.call("Accounter", "Verify", file="ledger")
        return bool(totals) and all(total["own_amount"] == total["pending_amount"] == 0 for total in totals)


@pytest.fixture(scope="session")
def ledger(operator) -> Ledger:
    return Ledger(operator)
