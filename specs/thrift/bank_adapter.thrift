/**
 * How the platform and a bank's adapter speak. The platform drives a session towards a target; the adapter answers with
 * an intent and with state that only it can read.
 *
 * - `finish`: the target is reached, or the bank said no.
 * - `sleep`: call me again after the timer. Polling and back-off.
 * - `suspend`: somebody will come back under this tag (a payer from the bank's page, a bank's call). At the timeout
 *   the platform fails the session, or asks the adapter once more when told so.
 *
 * The transaction must be bound by the end of target PROCESSED, and its id never changes afterwards.
 * An adapter never resends what may have reached the bank: it asks the bank about `reference` first.
 * A connection that could not be made is `resource unavailable`: the platform calls again. An answer that the bank's
 * protocol does not know is `result unexpected`: the platform stops the machine until an operator sets it right.
 */

include "base.thrift"
include "domain.thrift"

/** CANCELLED releases what is held and gives back what was taken, also after a capture that the bank refused. */
enum Target {
    PROCESSED = 1
    CAPTURED = 2
    CANCELLED = 3
    REFUNDED = 4
}

struct Session {
    1: required Target target
    2: optional base.Opaque state
    /** 1 for the first call of a session. Above 1 an earlier call may have reached the bank. */
    3: required i32 attempt
}

struct InvoiceInfo {
    1: required base.ID id
    2: required base.Timestamp created_at
    3: required base.Timestamp due
    4: required domain.InvoiceDetails details
}

struct ShopInfo {
    1: required base.ShopID id
    2: required base.PartyID party_id
    3: required string name
    4: required string url
    5: required i32 category_id
}

struct PaymentInfo {
    1: required base.ID id
    2: required base.Timestamp created_at
    3: required domain.Cash cost
    4: required domain.PaymentTool payment_tool
    5: optional string payment_session_id
    6: required domain.ContactInfo contact_info
    7: optional domain.ClientInfo client_info
    8: optional domain.TransactionInfo transaction
    9: optional string redirect_url
    /** The payer is not there: a repeat of an agreed payment */
    10: required bool is_merchant_initiated
    11: required bool make_recurrent
    12: required bool capture_at_once
    13: optional base.Timestamp processing_deadline
}

struct CaptureInfo {
    1: required domain.Cash cost
}

struct RefundInfo {
    1: required base.ID id
    2: required base.Timestamp created_at
    3: required domain.Cash cash
}

struct PaymentContext {
    1: required Session session
    /** Our own name of this operation at the bank, unique for ever */
    2: required string reference
    3: required InvoiceInfo invoice
    4: required ShopInfo shop
    5: required PaymentInfo payment
    6: optional CaptureInfo capture
    7: optional RefundInfo refund
    /** Of the terminal: merchant number at the bank and the like */
    8: required map<string, string> options
    /** Id of the provider, the bank of the route: calls are counted and bounded per bank */
    9: optional string provider_id
}

union Timer {
    1: i32 timeout_s
    2: base.Timestamp deadline
}

struct Success {
    /** Set when the bank approved another amount than was asked and the protocol allows it */
    1: optional domain.Cash changed_cost
    /**
     * Of target PROCESSED, where the payment is to be captured at once: the bank took the money with it. The payment is
     * captured then, and no call is made for it.
     */
    2: optional bool is_captured
}

union FinishStatus {
    1: Success success
    2: domain.Failure failure
}

struct Finish {
    1: required FinishStatus status
}

struct Sleep {
    1: required Timer timer
    2: optional domain.UserInteraction user_interaction
}

enum TimeoutBehaviour {
    FAIL = 1
    CALL_ADAPTER = 2
}

struct Suspend {
    1: required string tag
    2: required Timer timeout
    3: optional domain.UserInteraction user_interaction
    4: required TimeoutBehaviour timeout_behaviour
    /** What the session fails with when the behaviour is FAIL; operation timeout unless told */
    5: optional domain.Failure timeout_failure
}

union Intent {
    1: Finish finish
    2: Sleep sleep
    3: Suspend suspend
}

struct ProxyResult {
    1: required Intent intent
    2: optional base.Opaque next_state
    3: optional domain.TransactionInfo transaction
}

struct CallbackResult {
    /** For whoever called: opaque to the platform */
    1: required base.Opaque response
    /** Absent: the session stays suspended under its tag */
    2: optional ProxyResult result
}

/** Served by the process that holds the vault. One path per adapter: /v1/proxy/<adapter> */
service ProviderProxy {
    ProxyResult ProcessPayment(1: PaymentContext context)
    CallbackResult HandlePaymentCallback(1: base.Opaque callback, 2: PaymentContext context)
}

exception SessionNotFound {}

/** What a bank says of a payment whose session may be over: a late answer, a contradiction. */
enum BankVerdict {
    APPROVED = 1
    DECLINED = 2
    CAPTURED = 3
    VOIDED = 4
    REFUNDED = 5
}

struct BankStatement {
    /** Of the operation that the bank speaks of */
    1: required string reference
    2: required BankVerdict verdict
    3: optional domain.TransactionInfo transaction
    4: optional domain.Cash cash
    5: optional domain.Failure failure
}

struct ChargebackNotice {
    /** Of the payment's PROCESSED operation */
    1: required string reference
    /** The bank's id of the dispute: the same notice twice opens one chargeback */
    2: required string external_id
    3: required domain.Cash body
    4: required domain.Cash levy
    5: optional string reason_code
}

/** Served by processing, called by adapters. Internal realm only. */
service ProviderProxyHost {
    /** A suspended session goes on. Returns the adapter's answer for whoever called. */
    base.Opaque ProcessPaymentCallback(1: string tag, 2: base.Opaque callback)
        throws (1: SessionNotFound not_found)

    /**
     * A statement outside any suspended session. One that agrees with what is known changes nothing;
     * money that the bank took for a payment that failed or was cancelled is given back by the platform itself.
     */
    void NotifyPayment(1: BankStatement statement)
        throws (1: SessionNotFound not_found)

    void OpenChargeback(1: ChargebackNotice notice)
        throws (1: SessionNotFound not_found, 2: base.InvalidRequest invalid)
}
