/** Merchants' webhooks: where to tell what, and what became of each telling. */

include "base.thrift"
include "domain.thrift"

enum InvoiceEventType {
    INVOICE_CREATED = 1
    INVOICE_PAID = 2
    INVOICE_CANCELLED = 3
    INVOICE_FULFILLED = 4
    PAYMENT_STARTED = 5
    PAYMENT_PROCESSED = 6
    PAYMENT_CAPTURED = 7
    PAYMENT_CANCELLED = 8
    PAYMENT_REFUNDED = 9
    PAYMENT_FAILED = 10
    REFUND_CREATED = 11
    REFUND_SUCCEEDED = 12
    REFUND_FAILED = 13
}

enum CustomerEventType {
    CUSTOMER_CREATED = 1
    CUSTOMER_DELETED = 2
    CUSTOMER_READY = 3
    BINDING_STARTED = 4
    BINDING_SUCCEEDED = 5
    BINDING_FAILED = 6
}

struct InvoicesScope {
    1: required base.ShopID shop_id
    2: required list<InvoiceEventType> event_types
}

struct CustomersScope {
    1: required base.ShopID shop_id
    2: required list<CustomerEventType> event_types
}

union WebhookScope {
    1: InvoicesScope invoices
    2: CustomersScope customers
}

struct WebhookParams {
    1: required base.PartyID party_id
    2: required WebhookScope scope
    3: required string url
}

struct Webhook {
    1: required i64 id
    2: required base.PartyID party_id
    3: required WebhookScope scope
    4: required string url
    /** SubjectPublicKeyInfo, DER */
    5: required binary public_key
    /** false: nothing is sent, after a day of failures */
    6: required bool enabled
}

enum DeliveryStatus {
    WAITING = 1
    DELIVERED = 2
    DROPPED = 3
}

struct DeliveryAttempt {
    1: required base.Timestamp at
    /** Absent: no answer came */
    2: optional i32 http_status
    3: optional string error
    4: required i32 duration_ms
}

struct Delivery {
    1: required i64 id
    2: required i64 webhook_id
    3: required base.ID invoice_id
    /** The eventID in the body */
    4: required base.EventID event_id
    5: required string event_type
    6: required DeliveryStatus status
    7: required list<DeliveryAttempt> attempts
    8: optional base.Timestamp next_attempt_at
    9: required string trace_id
}

exception WebhookNotFound {}
exception LimitExceeded {}
exception ShopNotFound {}

service WebhookManager {
    list<Webhook> GetList(1: base.PartyID party_id)
        throws (1: base.AccessDenied denied)

    Webhook Get(1: i64 webhook_id)
        throws (1: WebhookNotFound not_found, 2: base.AccessDenied denied)

    Webhook Create(1: WebhookParams params)
        throws (1: LimitExceeded limit, 2: ShopNotFound shop_not_found, 3: base.InvalidRequest invalid, 4: base.AccessDenied denied)

    void Delete(1: i64 webhook_id)
        throws (1: WebhookNotFound not_found, 2: base.AccessDenied denied)

    /** Newest first */
    list<Delivery> GetDeliveries(1: i64 webhook_id, 2: i32 limit)
        throws (1: WebhookNotFound not_found, 2: base.AccessDenied denied)

    /** Sends what the hook was told of an invoice once more, in order; also revives a disabled hook. */
    i32 Resend(1: i64 webhook_id, 2: base.ID invoice_id)
        throws (1: WebhookNotFound not_found, 2: base.AccessDenied denied)
}
