"""What v1 tells a caller when the platform refuses: a row per declared exception, the contract's codes, our words.

The platform can refuse more than v1 has codes for; the code is then the nearest one that the operation lists, mostly
invalidRequest, and the message says the rest. Rows that differ between operations stand at the end and are named by the
operations that need them. Refusals of another party's object are in `capi_v1.conventions`.
"""

from rpc.protocol import base, domain_config, party, payment_processing, search, vault, webhooks
from translator.errors import ErrorTable, PublicError
from translator.payment_tool_tokens import InvalidToken

INVALID_REQUEST = "invalidRequest"


def _sentences(problem: base.InvalidRequest) -> str:
    return "\n".join(problem.errors)


def _reason(problem: Exception) -> str:
    return problem.reason


def _maximum(
    problem: payment_processing.PaymentAmountExceeded | payment_processing.AmountExceededCaptureBalance,
) -> str:
    return f"The most that is possible now is {problem.maximum.amount} {problem.maximum.currency}, in minor units"


ERRORS: ErrorTable = {
    base.InvalidRequest: PublicError(400, INVALID_REQUEST, _sentences),
    # parties and shops: a party without a record has no shops, and no list has a code for it
    party.PartyNotFound: PublicError(400, "invalidShopID", "Shop not found"),
    party.ShopNotFound: PublicError(400, "invalidShopID", "Shop not found"),
    party.InvalidPartyStatus: PublicError(400, "invalidPartyStatus", "The party is blocked or suspended"),
    party.InvalidShopStatus: PublicError(400, "invalidShopStatus", "The shop is blocked or suspended"),
    # invoices and templates
    payment_processing.InvoiceNotFound: PublicError(404, message="Invoice not found"),
    payment_processing.EventNotFound: PublicError(404, message="Event not found"),
    payment_processing.TemplateNotFound: PublicError(404, message="Invoice template not found"),
    payment_processing.TemplateRemoved: PublicError(404, message="Invoice template not found"),
    payment_processing.InvalidInvoiceStatus: PublicError(
        400, "invalidInvoiceStatus", "The invoice is in a status that does not allow this"
    ),
    payment_processing.InvoicePaymentPending: PublicError(
        400, "invoicePaymentPending", "Another payment of the invoice is under way"
    ),
    payment_processing.InvoiceTermsViolated: PublicError(400, "invoiceTermsViolated", _reason),
    payment_processing.InvalidInvoiceCost: PublicError(400, "invalidInvoiceCost", _reason),
    payment_processing.InvalidInvoiceCart: PublicError(400, "invalidInvoiceCart", _reason),
    payment_processing.InvalidAllocation: PublicError(400, INVALID_REQUEST, _reason),
    payment_processing.AllocationNotPermitted: PublicError(
        400, INVALID_REQUEST, "The terms of the shop do not allow allocations"
    ),
    # payments
    payment_processing.PaymentNotFound: PublicError(404, message="Payment not found"),
    payment_processing.InvalidPaymentStatus: PublicError(
        400, "invalidPaymentStatus", "The payment is in a status that does not allow this"
    ),
    payment_processing.InvalidContractStatus: PublicError(
        400, "invalidContractStatus", "The contract of the shop is not active"
    ),
    payment_processing.InvalidRecurrentParent: PublicError(400, INVALID_REQUEST, _reason),
    payment_processing.OperationNotPermitted: PublicError(
        400, "operationNotPermitted", "The terms of the shop do not allow this operation"
    ),
    payment_processing.InconsistentCaptureCurrency: PublicError(
        400, INVALID_REQUEST, "The currency is not that of the payment"
    ),
    payment_processing.AmountExceededCaptureBalance: PublicError(400, INVALID_REQUEST, _maximum),
    # refunds
    payment_processing.RefundNotFound: PublicError(404, message="Invoice payment refund not found"),
    # The contract misspells this code, and integrators match it as it is.
    payment_processing.InsufficientAccountBalance: PublicError(
        400, "insufficentAccountBalance", "The account of the shop does not have enough for this refund"
    ),
    payment_processing.PaymentAmountExceeded: PublicError(400, "invoicePaymentAmountExceeded", _maximum),
    payment_processing.InconsistentRefundCurrency: PublicError(
        400, "inconsistentRefundCurrency", "The currency is not that of the payment"
    ),
    payment_processing.RefundCartConflict: PublicError(
        400, INVALID_REQUEST, "The cart of the refund does not fit the cart of the invoice"
    ),
    payment_processing.ChargebackInProgress: PublicError(
        400, "invalidPaymentStatus", "The payment is being disputed: it can be refunded when the chargeback is closed"
    ),
    # payment resources
    vault.InvalidCardData: PublicError(400, INVALID_REQUEST, _reason),
    InvalidToken: PublicError(
        400, "invalidPaymentToolToken", "The paymentToolToken has expired, or was not given by createPaymentResource"
    ),
    # webhooks
    webhooks.WebhookNotFound: PublicError(404, message="Webhook not found"),
    webhooks.ShopNotFound: PublicError(400, "invalidShopID", "Shop not found"),
    webhooks.LimitExceeded: PublicError(429, message="There are as many webhooks as the limit allows"),
    # search
    search.ShopNotFound: PublicError(404, message="Shop not found"),
    # dictionaries: the operations say what was not found
    domain_config.ObjectNotFound: PublicError(404, message="Not found"),
}

# Exceptions that would be a fault of ours and get no words: 500, a cat and a line in the log.
# VersionNotFound: operations ask for the head of the configuration, which always exists.
# RevisionMismatch: callers of this version do not name revisions, and what the flow names it reads anew.
# BadToken: searches of this version go by offset.
FAULTS = frozenset({domain_config.VersionNotFound, payment_processing.RevisionMismatch, search.BadToken})

# Where the path names the shop, or the token the party, its absence is not a mistake in the request's body.
ABSENT_SHOP: ErrorTable = {
    party.PartyNotFound: PublicError(404, message="Party not found"),
    party.ShopNotFound: PublicError(404, message="Shop not found"),
}
ABSENT_OWN_PARTY: ErrorTable = {party.PartyNotFound: PublicError(400, INVALID_REQUEST, "Party not found")}
UNFIT_PARTY: ErrorTable = {
    party.InvalidPartyStatus: PublicError(400, INVALID_REQUEST, "The party is blocked: its state cannot be changed")
}
UNFIT_SHOP: ErrorTable = {
    party.InvalidShopStatus: PublicError(400, INVALID_REQUEST, "The shop is blocked: its state cannot be changed")
}
MY_PARTY: ErrorTable = {**ABSENT_OWN_PARTY, **UNFIT_PARTY}
# createPayment lists no codes for the terms and the contract of the shop.
UNFIT_FOR_PAYMENT: ErrorTable = {
    payment_processing.InvalidContractStatus: PublicError(
        400, INVALID_REQUEST, "The contract of the shop is not active"
    ),
    payment_processing.OperationNotPermitted: PublicError(
        400, INVALID_REQUEST, "The terms of the shop do not allow this operation"
    ),
}
# A capture and a refund list no code for carts, which they do not take.
UNFIT_CART: ErrorTable = {payment_processing.InvalidInvoiceCart: PublicError(400, INVALID_REQUEST, _reason)}
# A webhook that is gone is what its deletion wants.
GONE_ALREADY: ErrorTable = {webhooks.WebhookNotFound: PublicError(204)}
