"""The one form in which a request is told that it breaks the spec (contract section 3.3)."""

from collections.abc import Iterable
from typing import NamedTuple

WRONG_TYPE = "wrong_type"
WRONG_FORMAT = "wrong_format"
NOT_IN_RANGE = "not_in_range"
WRONG_SIZE = "wrong_size"
WRONG_LENGTH = "wrong_length"
NO_MATCH = "no_match"
SCHEMA_VIOLATED = "schema_violated"
NOT_FOUND = "not_found"
WRONG_ARRAY = "wrong_array"
WRONG_BODY = "wrong_body"


class Violation(Exception):
    """The first rule of the spec that a request breaks: which parameter, which kind of rule, perhaps what exactly."""

    def __init__(self, parameter: str, kind: str, description: str | None = None) -> None:
        super().__init__(parameter, kind, description)
        self.parameter = parameter
        self.kind = kind
        self.description = description

    @property
    def message(self) -> str:
        """The published text."""
        text = f"Request parameter: {self.parameter}, error type: {self.kind}"
        return text if self.description is None else f"{text}, description: {self.description}"


class Fault(NamedTuple):
    """One rule that a request breaks, for versions that name all of them at once.

    `place`: "body", "query", "header" or "path". `pointer`: RFC 6901, into the body or to the parameter. `got`: what
    stood there as JSON text, cut and without secrets; None where nothing stood.
    """

    place: str
    pointer: str
    rule: str
    expected: str
    got: str | None = None


class Violations(Exception):
    """All rules of the spec that a request breaks, in the order of the spec."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)
