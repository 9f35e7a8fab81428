"""Refusals of the domain, one class per Thrift exception and with its field names.

DomainError
├── the exceptions of base, party, payment_processing and bank_adapter, under their own names
├── MachineStopped      every call on a stopped machine but inspection and repair
├── Misconfiguration    the business configuration cannot be carried out
├── StepObsolete        a worker came with a step that the machine no longer wants
└── SessionBusy         a callback came while another call of the same session is under way
"""

import dataclasses

from processing.domain.money import Cash
from processing.domain.statuses import ChargebackStatus, InvoiceStatus, PaymentStatus, RefundStatus


class DomainError(Exception):
    """Ancestor of every refusal; nothing was changed when one is raised."""

    def __str__(self) -> str:
        fields = dataclasses.fields(self) if dataclasses.is_dataclass(self) else ()
        said = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields)
        return f"{type(self).__name__}({said})"


# base


@dataclasses.dataclass(eq=False)
class InvalidRequest(DomainError):
    """Well formed, but breaks a rule; every sentence names one broken rule."""

    errors: list[str]


class AccessDenied(DomainError):
    pass


# party


class PartyNotFound(DomainError):
    pass


class ShopNotFound(DomainError):
    pass


class PartyExists(DomainError):
    pass


class ShopExists(DomainError):
    pass


class InvalidPartyStatus(DomainError):
    pass


class InvalidShopStatus(DomainError):
    pass


# payment_processing


class InvoiceNotFound(DomainError):
    pass


class PaymentNotFound(DomainError):
    pass


class RefundNotFound(DomainError):
    pass


class ChargebackNotFound(DomainError):
    pass


class EventNotFound(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class InvalidInvoiceStatus(DomainError):
    status: InvoiceStatus


@dataclasses.dataclass(eq=False)
class InvalidPaymentStatus(DomainError):
    status: PaymentStatus


@dataclasses.dataclass(eq=False)
class InvalidRefundStatus(DomainError):
    status: RefundStatus


@dataclasses.dataclass(eq=False)
class InvalidChargebackStatus(DomainError):
    status: ChargebackStatus


@dataclasses.dataclass(eq=False)
class InvoicePaymentPending(DomainError):
    """Another payment of the invoice is still under way."""

    payment_id: str


@dataclasses.dataclass(eq=False)
class InvoiceTermsViolated(DomainError):
    reason: str


@dataclasses.dataclass(eq=False)
class InvalidInvoiceCost(DomainError):
    reason: str


@dataclasses.dataclass(eq=False)
class InvalidInvoiceCart(DomainError):
    reason: str


class OperationNotPermitted(DomainError):
    pass


class InvalidContractStatus(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class InvalidRecurrentParent(DomainError):
    reason: str


class InsufficientAccountBalance(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class PaymentAmountExceeded(DomainError):
    maximum: Cash


@dataclasses.dataclass(eq=False)
class InconsistentRefundCurrency(DomainError):
    currency: str


class RefundCartConflict(DomainError):
    """A cart and an allocation were both sent, so what is given back cannot be told."""


class ChargebackInProgress(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class AmountExceededCaptureBalance(DomainError):
    maximum: Cash


@dataclasses.dataclass(eq=False)
class InconsistentCaptureCurrency(DomainError):
    currency: str


class AllocationNotPermitted(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class InvalidAllocation(DomainError):
    reason: str


class TemplateNotFound(DomainError):
    pass


class TemplateRemoved(DomainError):
    pass


@dataclasses.dataclass(eq=False)
class RevisionMismatch(DomainError):
    """The object is not in the state that its caller knew."""

    revision: int


class NoLastEvent(DomainError):
    pass


# bank_adapter


class SessionNotFound(DomainError):
    pass


# the machine's own: no exception of the IDL stands for them


@dataclasses.dataclass(eq=False)
class MachineStopped(DomainError):
    """To a caller: result unexpected."""

    reason: str


@dataclasses.dataclass(eq=False)
class Misconfiguration(DomainError):
    """To a caller: result unexpected."""

    reason: str


class StepObsolete(DomainError):
    """A worker's step is not wanted (any more): nothing to do, nothing to report."""


class SessionBusy(DomainError):
    """To a caller: resource unavailable; the same callback may be sent again later."""
