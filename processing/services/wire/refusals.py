"""Refusals of the domain -> exceptions of the IDL of the same names; the platform's own failures -> failure classes.

`answering(handler)` wraps a service: its functions raise domain errors, its callers see the protocol's.
"""

import functools
from collections.abc import Callable
from typing import Any

from processing.domain import errors
from processing.domain.money import Cash
from processing.services.wire.mirror import mirror
from processing.storage import port
from rpc import failures
from rpc.protocol import bank_adapter, base, domain, party, payment_processing

_MODULES = (base, party, payment_processing, bank_adapter)
_OWN_MATTER = (
    errors.DomainError,
    errors.MachineStopped,
    errors.Misconfiguration,
    errors.StepObsolete,
    errors.SessionBusy,
)
_cash = mirror(Cash, domain.Cash).to_thrift

# What failed in the platform itself -> the failure class that its caller sees.
FAILURES: dict[type[Exception], type[failures.RpcFailure]] = {
    errors.MachineStopped: failures.Unexpected,
    errors.Misconfiguration: failures.Unexpected,
    errors.StepObsolete: failures.Unexpected,
    errors.SessionBusy: failures.Unavailable,
    port.Unavailable: failures.Unavailable,
    port.Conflict: failures.Unavailable,
    port.OutcomeUnknown: failures.Unknown,
}


def _twins() -> dict[type[errors.DomainError], type[Exception]]:
    """Domain error -> exception of the IDL. A domain error without one stops the start."""
    twins = {}
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.DomainError) and error not in _OWN_MATTER:
            module = next(module for module in _MODULES if hasattr(module, error.__name__))
            twins[error] = getattr(module, error.__name__)
    return twins


TWINS = _twins()


def to_thrift(error: errors.DomainError) -> Exception:
    """The exception of the IDL that says the same."""
    twin = TWINS[type(error)]
    return twin(
        **{field.attribute: _field(getattr(error, field.attribute), field.type) for field in twin.__thrift__.fields}
    )


def answering(handler: Any) -> Any:
    """The same service, with refusals translated."""
    return _Answering(handler)


class _Answering:
    """Looks like the handler that it wraps."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Callable:
        function = getattr(self._handler, name)

        @functools.wraps(function)
        def answer(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except tuple(FAILURES) as failure:
                failed = next(row for row in FAILURES if isinstance(failure, row))
                raise FAILURES[failed](str(failure)) from failure
            except errors.DomainError as refusal:
                raise to_thrift(refusal) from None

        setattr(self, name, answer)
        return answer


def _field(value: Any, kind: Any) -> Any:
    if isinstance(value, Cash):
        return _cash(value)
    members = getattr(kind, "enum", None)
    return members.number_of(value.name) if members else value
