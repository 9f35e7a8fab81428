"""The closed sets of the IDL; member names are those of the Thrift enums."""

from enum import StrEnum


class InvoiceStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"


class PaymentStatus(StrEnum):
    PENDING = "pending"
    PROCESSED = "processed"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    FAILED = "failed"
    CHARGED_BACK = "charged_back"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ChargebackStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class ChargebackStage(StrEnum):
    CHARGEBACK = "chargeback"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"


class OnHoldExpiration(StrEnum):
    CANCEL = "cancel"
    CAPTURE = "capture"


class TrustLevel(StrEnum):
    WELL_KNOWN = "well_known"
    UNKNOWN = "unknown"


class TokenizationMethod(StrEnum):
    DPAN = "dpan"
    NONE = "none"


class Target(StrEnum):
    """What a session drives the bank towards."""

    PROCESSED = "processed"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class TimeoutBehaviour(StrEnum):
    FAIL = "fail"
    CALL_ADAPTER = "call_adapter"


class BankVerdict(StrEnum):
    """What a bank says of an operation outside its session."""

    APPROVED = "approved"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
