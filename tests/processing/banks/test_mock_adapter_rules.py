"""The mock bank's adapter under the suite that every adapter passes."""

from tests.processing.banks.conformance import AdapterRules


class TestMockAdapter(AdapterRules):
    """The fixture `bench` is the one of conftest.py."""
