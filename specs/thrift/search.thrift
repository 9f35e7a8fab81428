/** Finding invoices, payments and refunds of a shop, or of all shops of a party, by what is known of them. Newest first. */

include "base.thrift"
include "domain.thrift"

struct TimeRange {
    /** Inclusive */
    1: required base.Timestamp from_time
    /** Exclusive */
    2: required base.Timestamp to_time
}

enum FlowKind {
    INSTANT = 1
    HOLD = 2
}

enum ToolKind {
    BANK_CARD = 1
    PAYMENT_TERMINAL = 2
}

/** What a payment is known by; an invoice matches when one of its payments does. */
struct PaymentFilter {
    1: optional domain.PaymentStatus status
    2: optional FlowKind flow
    3: optional ToolKind tool
    4: optional string terminal_provider
    5: optional base.ID payment_id
    6: optional string payer_email
    7: optional string payer_ip
    8: optional string payer_fingerprint
    9: optional base.ID customer_id
    10: optional string token_provider
    11: optional string payment_system
    12: optional string first6
    13: optional string last4
    14: optional string rrn
    15: optional string approval_code
    16: optional base.Amount amount
}

struct InvoiceQuery {
    1: required base.PartyID party_id
    /** Absent: all shops of the party */
    2: optional base.ShopID shop_id
    3: required TimeRange created
    4: required i32 limit
    5: optional string continuation_token
    6: optional base.ID invoice_id
    7: optional domain.InvoiceStatus status
    8: optional base.Amount amount
    9: optional PaymentFilter payment
    /** Instead of a continuation token: how many to pass over. The page then counts all that fit. */
    10: optional i32 offset
}

struct InvoicePage {
    1: required list<domain.Invoice> invoices
    /** Absent on the last page */
    2: optional string continuation_token
    /** All that fit the query, when it named an offset */
    3: optional i64 total_count
}

struct PaymentQuery {
    1: required base.PartyID party_id
    /** Absent: all shops of the party */
    2: optional base.ShopID shop_id
    3: required TimeRange created
    4: required i32 limit
    5: optional string continuation_token
    6: optional base.ID invoice_id
    7: optional PaymentFilter payment
    /** As in InvoiceQuery */
    8: optional i32 offset
}

struct PaymentPage {
    1: required list<domain.Payment> payments
    2: optional string continuation_token
    /** As in InvoicePage */
    3: optional i64 total_count
}

struct RefundQuery {
    1: required base.PartyID party_id
    /** Absent: all shops of the party */
    2: optional base.ShopID shop_id
    3: required TimeRange created
    4: required i32 limit
    5: required i32 offset
    6: optional base.ID invoice_id
    7: optional base.ID payment_id
    8: optional base.ID refund_id
    9: optional string rrn
    10: optional string approval_code
    11: optional domain.RefundStatus status
    /** Instead of an offset: of the page before */
    12: optional string continuation_token
}

struct RefundPage {
    1: required list<domain.Refund> refunds
    /** All that fit the query; those of the page alone when it was asked for by a continuation token */
    2: required i64 total_count
    /** Absent on the last page, and of a page that was asked for by an offset above 0 */
    3: optional string continuation_token
}

/** The continuation token is not one that this query gave. */
exception BadToken {}
exception ShopNotFound {}

service Search {
    InvoicePage Invoices(1: InvoiceQuery query)
        throws (1: BadToken bad_token, 2: ShopNotFound shop_not_found, 3: base.InvalidRequest invalid, 4: base.AccessDenied denied)

    PaymentPage Payments(1: PaymentQuery query)
        throws (1: BadToken bad_token, 2: ShopNotFound shop_not_found, 3: base.InvalidRequest invalid, 4: base.AccessDenied denied)

    RefundPage Refunds(1: RefundQuery query)
        throws (1: ShopNotFound shop_not_found, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied, 4: BadToken bad_token)
}
