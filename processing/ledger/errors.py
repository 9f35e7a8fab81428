"""Refusals of the ledger, with the names and fields of specs/thrift/ledger.thrift. A refusal writes nothing."""

import dataclasses


class LedgerError(Exception):
    """Ancestor of every refusal."""

    def __str__(self) -> str:
        said = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self))
        return f"{type(self).__name__}({said})"


@dataclasses.dataclass(eq=False)
class AccountNotFound(LedgerError):
    account_id: int


@dataclasses.dataclass(eq=False)
class PlanNotFound(LedgerError):
    plan_id: str


@dataclasses.dataclass(eq=False)
class InvalidPostingParams(LedgerError):
    """Positions of the batch's postings, from 0 -> what is wrong with each."""

    wrong_postings: dict[int, str]


@dataclasses.dataclass(eq=False)
class NotCovered(LedgerError):
    """An account that the caller wanted to be able to bear the batch cannot; `available` is before it, at the worst."""

    account_id: int
    available: int


@dataclasses.dataclass(eq=False)
class InvalidRequest(LedgerError):
    """Every sentence names one broken rule."""

    errors: list[str]


@dataclasses.dataclass(eq=False)
class LedgerBroken(LedgerError):
    """What is stored breaks an invariant: a person must look. Every sentence names one difference."""

    errors: list[str]
