"""What v3 tells a caller when the platform refuses: a row per declared exception, our codes, our words.

404: the path names what is not there. 403: the terms of the shop do not allow it at all. 409: the state of an object
does not allow it now. 422: well formed, and means what cannot be. A code is stable and names the page that
explains it. Where an operation means something else, it says so with a table from the end of this file.
"""

from capi_v3.shapes.invoice import INVOICE_STATUS
from capi_v3.shapes.payment import PAYMENT_STATUS
from rpc.protocol import (
    base,
    domain_config,
    idempotency,
    party,
    party_events,
    payment_processing,
    search,
    vault,
    webhook_endpoints,
    webhooks,
)
from translator.errors import ErrorTable, PublicError
from translator.payment_tool_tokens import InvalidToken


def _sentences(problem: base.InvalidRequest) -> str:
    return "\n".join(problem.errors)


def _reason(problem: Exception) -> str:
    return problem.reason


def _maximum(
    problem: payment_processing.PaymentAmountExceeded | payment_processing.AmountExceededCaptureBalance,
) -> str:
    return f"The most that is possible now is {problem.maximum.amount} {problem.maximum.currency}, in minor units"


def _currency(
    problem: payment_processing.InconsistentRefundCurrency | payment_processing.InconsistentCaptureCurrency,
) -> str:
    return f"The payment is in {problem.currency}"


ERRORS: ErrorTable = {
    base.InvalidRequest: PublicError(422, "unprocessable", _sentences),
    # parties and shops
    party.PartyNotFound: PublicError(403, "party-not-found", "The party of this token does not exist"),
    party.ShopNotFound: PublicError(422, "shop-not-found", "There is no such shop, or it is not yours"),
    party.InvalidPartyStatus: PublicError(409, "invalid-party-status", "The party is blocked or suspended"),
    party.InvalidShopStatus: PublicError(409, "invalid-shop-status", "The shop is blocked or suspended"),
    # invoices and payment links
    payment_processing.InvoiceNotFound: PublicError(404, "not-found", "Invoice not found"),
    payment_processing.TemplateNotFound: PublicError(404, "not-found", "Payment link not found"),
    payment_processing.TemplateRemoved: PublicError(404, "not-found", "Payment link not found"),
    payment_processing.RevisionMismatch: PublicError(
        412, "version-mismatch", lambda problem: f"Its version is {problem.revision} by now"
    ),
    payment_processing.InvalidInvoiceStatus: PublicError(
        409, "invalid-invoice-status", lambda problem: f"The invoice is {INVOICE_STATUS[problem.status]}"
    ),
    payment_processing.InvoicePaymentPending: PublicError(
        409, "payment-under-way", "Another payment of the invoice is under way: wait for its end"
    ),
    payment_processing.InvoiceTermsViolated: PublicError(422, "terms-violated", _reason),
    payment_processing.InvalidInvoiceCost: PublicError(422, "invalid-amount", _reason),
    payment_processing.InvalidInvoiceCart: PublicError(422, "invalid-cart", _reason),
    payment_processing.InvalidAllocation: PublicError(422, "invalid-allocation", _reason),
    payment_processing.AllocationNotPermitted: PublicError(
        403, "allocation-not-permitted", "The terms of the shop do not allow allocations"
    ),
    # payments
    payment_processing.PaymentNotFound: PublicError(404, "not-found", "Payment not found"),
    payment_processing.InvalidPaymentStatus: PublicError(
        409, "invalid-payment-status", lambda problem: f"The payment is {PAYMENT_STATUS[problem.status]}"
    ),
    payment_processing.InvalidContractStatus: PublicError(
        409, "invalid-contract-status", "The contract of the shop is not active"
    ),
    payment_processing.InvalidRecurrentParent: PublicError(422, "invalid-recurring-source", _reason),
    payment_processing.OperationNotPermitted: PublicError(
        403, "operation-not-permitted", "The terms of the shop do not allow this"
    ),
    payment_processing.InconsistentCaptureCurrency: PublicError(422, "wrong-currency", _currency),
    payment_processing.AmountExceededCaptureBalance: PublicError(422, "capture-amount-too-large", _maximum),
    # refunds and chargebacks
    payment_processing.RefundNotFound: PublicError(404, "not-found", "Refund not found"),
    payment_processing.InsufficientAccountBalance: PublicError(
        409, "insufficient-balance", "The balance of the shop does not bear this refund now"
    ),
    payment_processing.PaymentAmountExceeded: PublicError(422, "refund-amount-too-large", _maximum),
    payment_processing.InconsistentRefundCurrency: PublicError(422, "wrong-currency", _currency),
    payment_processing.RefundCartConflict: PublicError(
        422, "invalid-cart", "The cart of the refund does not fit the cart of the invoice"
    ),
    payment_processing.ChargebackInProgress: PublicError(
        409, "chargeback-in-progress", "The payment is being disputed: it can be refunded when that is over"
    ),
    # payment tokens
    vault.InvalidCardData: PublicError(422, "invalid-card", _reason),
    InvalidToken: PublicError(
        422,
        "invalid-payment-token",
        "The payment token has expired, is for another invoice, or was not made by POST /v3/paymentTokens",
    ),
    # webhook endpoints and events
    webhook_endpoints.EndpointNotFound: PublicError(404, "not-found", "Webhook endpoint not found"),
    webhook_endpoints.EndpointLimitExceeded: PublicError(
        409, "too-many-endpoints", "There are as many webhook endpoints as the limit allows"
    ),
    webhook_endpoints.EndpointShopNotFound: PublicError(422, "shop-not-found", "There is no such shop"),
    webhook_endpoints.EndpointDisabled: PublicError(
        409, "endpoint-disabled", "The endpoint is disabled: enable it first"
    ),
    party_events.EventNotFound: PublicError(404, "not-found", "Event not found"),
    party_events.EventsForgotten: PublicError(
        410, "events-forgotten", lambda problem: f"Events up to evt_{problem.position} are no longer kept"
    ),
    # search
    search.BadToken: PublicError(400, "invalid-cursor", "The cursor was not given by this list"),
    search.ShopNotFound: PublicError(404, "not-found", "Shop not found"),
}

# Exceptions that would be a fault of ours and get no words: 500, a cat and a line in the log.
# VersionNotFound, ObjectNotFound: operations ask for the head of the configuration, and for all of a kind.
# AttemptOver is answered by the work around operations. The webhooks of other versions are not managed here.
FAULTS = frozenset(
    {
        domain_config.VersionNotFound,
        domain_config.ObjectNotFound,
        idempotency.AttemptOver,
        webhooks.WebhookNotFound,
        webhooks.ShopNotFound,
        webhooks.LimitExceeded,
    }
)

# Where the path names the shop, its absence is not a mistake in the request's body.
ABSENT_SHOP: ErrorTable = {party.ShopNotFound: PublicError(404, "not-found", "Shop not found")}
