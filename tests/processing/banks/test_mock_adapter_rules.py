"""The mock bank's adapter under the suite that every adapter passes."""

from tests.processing.banks.conformance import AdapterRules, challenged  # noqa: F401 - a fixture of the rules
from tests.processing.banks.mock_bench import bank_process, bench, clock, vault_cards  # noqa: F401 - fixtures too


class TestMockAdapter(AdapterRules):
    """The mock bank's adapter keeps the rules."""
