/** Invoices with their payments and refunds, invoice templates, and the order of everything that happened to them. */

include "base.thrift"
include "domain.thrift"
include "party.thrift"

/* ------------------------------------------------------------- exceptions */

exception InvoiceNotFound {}
exception PaymentNotFound {}
exception RefundNotFound {}
exception ChargebackNotFound {}
exception EventNotFound {}
exception InvalidInvoiceStatus {
    1: required domain.InvoiceStatus status
}
exception InvalidPaymentStatus {
    1: required domain.PaymentStatus status
}
exception InvalidRefundStatus {
    1: required domain.RefundStatus status
}
exception InvalidChargebackStatus {
    1: required domain.ChargebackStatus status
}
/** Another payment of the invoice is still under way. */
exception InvoicePaymentPending {
    1: required base.ID payment_id
}
exception InvoiceTermsViolated {
    1: required string reason
}
exception InvalidInvoiceCost {
    1: required string reason
}
exception InvalidInvoiceCart {
    1: required string reason
}
exception OperationNotPermitted {}
exception InvalidContractStatus {}
exception InvalidRecurrentParent {
    1: required string reason
}
exception InsufficientAccountBalance {}
exception PaymentAmountExceeded {
    1: required domain.Cash maximum
}
exception InconsistentRefundCurrency {
    1: required domain.CurrencyCode currency
}
exception RefundCartConflict {}
exception ChargebackInProgress {}
exception AmountExceededCaptureBalance {
    1: required domain.Cash maximum
}
exception InconsistentCaptureCurrency {
    1: required domain.CurrencyCode currency
}
exception AllocationNotPermitted {}
exception InvalidAllocation {
    1: required string reason
}
exception TemplateNotFound {}
exception TemplateRemoved {}
/** The object is not in the state that its caller knew; nothing was changed. */
exception RevisionMismatch {
    /** As it is now */
    1: required i64 revision
}

/* ---------------------------------------------------------------- requests */

struct InvoiceParams {
    1: required base.ID id
    2: required base.PartyID party_id
    3: required base.ShopID shop_id
    4: required domain.InvoiceDetails details
    /** Absent: the sum of the cart, in the invoice's currency */
    5: optional base.Amount amount
    6: required domain.CurrencyCode currency
    7: required base.Timestamp due
    8: required base.Content context
    9: optional string external_id
    10: optional domain.InvoiceBankAccount bank_account
    11: optional domain.Allocation allocation
    12: optional domain.InvoiceClientInfo client_info
}

struct InvoiceWithTemplateParams {
    1: required base.ID id
    2: required base.ID template_id
    3: optional base.Amount amount
    4: optional domain.CurrencyCode currency
    5: optional base.Content context
    6: optional string external_id
}

struct PaymentParams {
    /** Absent: the next number of the invoice's payments */
    1: optional base.ID id
    2: required domain.Payer payer
    3: optional domain.PayerSessionInfo payer_session_info
    4: required domain.PaymentFlow flow
    5: required bool make_recurrent
    6: optional base.Content context
    7: optional string external_id
    /** After this moment the payment, if still pending, fails. Absent: the platform's setting decides. */
    8: optional base.Timestamp processing_deadline
}

struct CaptureParams {
    1: required string reason
    /** Absent: all that is held */
    2: optional base.Amount amount
    3: optional domain.CurrencyCode currency
    4: optional domain.Cart cart
    5: optional domain.Allocation allocation
}

struct RefundParams {
    1: required base.ID id
    /** Absent: all that is left */
    2: optional base.Amount amount
    /** Absent: the payment's */
    3: optional domain.CurrencyCode currency
    4: optional string reason
    5: optional domain.Cart cart
    6: optional domain.Allocation allocation
    7: optional string external_id
}

struct ChargebackParams {
    1: required base.ID id
    2: required domain.Cash body
    3: required domain.Cash levy
    4: optional string reason_code
    5: optional string external_id
}

/* ------------------------------------------------------------------ events */

struct InvoiceCreated {
    1: required domain.Invoice invoice
}
struct InvoiceStatusChanged {
    1: required domain.InvoiceStatus status
    2: optional string reason
}
struct PaymentStarted {
    1: required domain.Payment payment
}
struct PaymentStatusChanged {
    1: required base.ID payment_id
    2: required domain.PaymentStatus status
    3: optional string reason
    4: optional domain.OperationFailure failure
    5: optional domain.Cash captured_cost
}
struct PaymentInteractionRequested {
    1: required base.ID payment_id
    2: required domain.UserInteraction interaction
}
struct RefundStarted {
    1: required base.ID payment_id
    2: required domain.Refund refund
}
struct RefundStatusChanged {
    1: required base.ID payment_id
    2: required base.ID refund_id
    3: required domain.RefundStatus status
    4: optional domain.OperationFailure failure
}
struct ChargebackOpened {
    1: required base.ID payment_id
    2: required domain.Chargeback chargeback
}
struct ChargebackStatusChanged {
    1: required base.ID payment_id
    2: required base.ID chargeback_id
    3: required domain.ChargebackStatus status
    4: required domain.ChargebackStage stage
}
/** A step of the machine that has no public form: for operators and for replay. */
struct InternalStep {
    1: required string kind
    2: required string json
}

union InvoiceChange {
    1: InvoiceCreated invoice_created
    2: InvoiceStatusChanged invoice_status_changed
    3: PaymentStarted payment_started
    4: PaymentStatusChanged payment_status_changed
    5: PaymentInteractionRequested payment_interaction_requested
    6: RefundStarted refund_started
    7: RefundStatusChanged refund_status_changed
    8: ChargebackOpened chargeback_opened
    9: ChargebackStatusChanged chargeback_status_changed
    10: InternalStep internal_step
}

/** What one transaction did to one invoice. */
struct Event {
    /** Total order over the whole platform */
    1: required base.EventID id
    2: required base.Timestamp created_at
    3: required base.ID invoice_id
    /** Of the invoice, from 1, without gaps */
    4: required i64 sequence
    5: required list<InvoiceChange> changes
    6: required string trace_id
}

struct EventRange {
    /** Exclusive */
    1: optional base.EventID after
    2: required i32 limit
}

/* ------------------------------------------------------- terms, inspection */

struct PaymentTerms {
    1: required list<domain.PaymentMethod> payment_methods
    2: required list<domain.CurrencyCode> currencies
    3: required bool holds_allowed
}

enum MachineStatus {
    WORKING = 1
    STOPPED = 2
}

struct MachineState {
    1: required base.ID id
    2: required MachineStatus status
    /** Why it stopped */
    3: optional string reason
    4: optional base.Timestamp stopped_at
    5: required i64 sequence
    /** What the machine was about to do, for example "payment 1: session processed" */
    6: optional string activity
    7: optional base.Timestamp timer
    8: required list<Event> events
}

/** Only before the bank was called. */
struct FailPreProcessing {
    1: required domain.Failure failure
}
struct FailSession {
    1: required domain.Failure failure
    2: optional domain.TransactionInfo transaction
}
struct FulfillSession {
    1: optional domain.TransactionInfo transaction
}

union RepairScenario {
    /** Try the same step again */
    1: bool resume
    2: FailPreProcessing fail_pre_processing
    /** The bank said no, and the operator knows it */
    3: FailSession fail_session
    /** The bank did it, and the operator knows it */
    4: FulfillSession fulfill_session
}

/* ---------------------------------------------------------------- services */

/**
 * Every call on a stopped machine, other than GetMachine and Repair, fails with `result unexpected`.
 * Create, StartPayment and RefundPayment are idempotent by the id in their params.
 */
service Invoicing {
    domain.Invoice Create(1: InvoiceParams params)
        throws (1: base.InvalidRequest invalid, 2: party.PartyNotFound party_not_found, 3: party.ShopNotFound shop_not_found,
                4: party.InvalidPartyStatus party_status, 5: party.InvalidShopStatus shop_status,
                6: InvoiceTermsViolated terms, 7: InvalidInvoiceCost cost, 8: InvalidInvoiceCart cart,
                9: AllocationNotPermitted allocation_not_permitted, 10: InvalidAllocation allocation, 11: base.AccessDenied denied)

    domain.Invoice CreateWithTemplate(1: InvoiceWithTemplateParams params)
        throws (1: base.InvalidRequest invalid, 2: TemplateNotFound not_found, 3: TemplateRemoved removed,
                4: party.InvalidPartyStatus party_status, 5: party.InvalidShopStatus shop_status,
                6: InvoiceTermsViolated terms, 7: base.AccessDenied denied)

    domain.Invoice Get(1: base.ID invoice_id)
        throws (1: InvoiceNotFound not_found, 2: base.AccessDenied denied)

    list<Event> GetEvents(1: base.ID invoice_id, 2: EventRange range)
        throws (1: InvoiceNotFound not_found, 2: EventNotFound event_not_found, 3: base.InvalidRequest invalid, 4: base.AccessDenied denied)

    PaymentTerms ComputeTerms(1: base.ID invoice_id)
        throws (1: InvoiceNotFound not_found, 2: base.AccessDenied denied)

    void Fulfill(1: base.ID invoice_id, 2: string reason)
        throws (1: InvoiceNotFound not_found, 2: InvalidInvoiceStatus status, 3: party.InvalidPartyStatus party_status,
                4: party.InvalidShopStatus shop_status, 5: base.AccessDenied denied)

    void Rescind(1: base.ID invoice_id, 2: string reason)
        throws (1: InvoiceNotFound not_found, 2: InvalidInvoiceStatus status, 3: InvoicePaymentPending pending,
                4: party.InvalidPartyStatus party_status, 5: party.InvalidShopStatus shop_status, 6: base.AccessDenied denied)

    domain.Payment StartPayment(1: base.ID invoice_id, 2: PaymentParams params)
        throws (1: InvoiceNotFound not_found, 2: InvalidInvoiceStatus status, 3: InvoicePaymentPending pending,
                4: base.InvalidRequest invalid, 5: party.InvalidPartyStatus party_status, 6: party.InvalidShopStatus shop_status,
                7: InvalidContractStatus contract_status, 8: InvalidRecurrentParent recurrent_parent,
                9: OperationNotPermitted not_permitted, 10: base.AccessDenied denied)

    list<domain.Payment> GetPayments(1: base.ID invoice_id)
        throws (1: InvoiceNotFound not_found, 2: base.AccessDenied denied)

    domain.Payment GetPayment(1: base.ID invoice_id, 2: base.ID payment_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: base.AccessDenied denied)

    void CapturePayment(1: base.ID invoice_id, 2: base.ID payment_id, 3: CaptureParams params)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: InvalidPaymentStatus status,
                4: OperationNotPermitted not_permitted, 5: party.InvalidPartyStatus party_status, 6: party.InvalidShopStatus shop_status,
                7: base.InvalidRequest invalid, 8: InvalidInvoiceCart cart, 9: InvalidAllocation allocation,
                10: AllocationNotPermitted allocation_not_permitted, 11: InconsistentCaptureCurrency currency,
                12: AmountExceededCaptureBalance exceeded, 13: base.AccessDenied denied)

    void CancelPayment(1: base.ID invoice_id, 2: base.ID payment_id, 3: string reason)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: InvalidPaymentStatus status,
                4: OperationNotPermitted not_permitted, 5: party.InvalidPartyStatus party_status, 6: party.InvalidShopStatus shop_status,
                7: base.InvalidRequest invalid, 8: base.AccessDenied denied)

    domain.Refund RefundPayment(1: base.ID invoice_id, 2: base.ID payment_id, 3: RefundParams params)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: InvalidPaymentStatus status,
                4: OperationNotPermitted not_permitted, 5: party.InvalidPartyStatus party_status, 6: party.InvalidShopStatus shop_status,
                7: InvalidContractStatus contract_status, 8: base.InvalidRequest invalid, 9: InvalidInvoiceCart cart,
                10: InvalidAllocation allocation, 11: AllocationNotPermitted allocation_not_permitted,
                12: InsufficientAccountBalance balance, 13: PaymentAmountExceeded exceeded, 14: InconsistentRefundCurrency currency,
                15: ChargebackInProgress chargeback, 16: RefundCartConflict cart_conflict, 17: base.AccessDenied denied)

    list<domain.Refund> GetRefunds(1: base.ID invoice_id, 2: base.ID payment_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: base.AccessDenied denied)

    domain.Refund GetRefund(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID refund_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: RefundNotFound refund_not_found, 4: base.AccessDenied denied)

    list<domain.Chargeback> GetChargebacks(1: base.ID invoice_id, 2: base.ID payment_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: base.AccessDenied denied)

    domain.Chargeback GetChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID chargeback_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: ChargebackNotFound chargeback_not_found, 4: base.AccessDenied denied)

    /* The operator's calls: internal realm only. */

    domain.Chargeback CreateChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: ChargebackParams params)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: InvalidPaymentStatus status,
                4: base.InvalidRequest invalid, 5: PaymentAmountExceeded exceeded, 6: base.AccessDenied denied)

    /** The payer was right: the money goes back. */
    void AcceptChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID chargeback_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: ChargebackNotFound chargeback_not_found,
                4: InvalidChargebackStatus status, 5: base.AccessDenied denied)

    void RejectChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID chargeback_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: ChargebackNotFound chargeback_not_found,
                4: InvalidChargebackStatus status, 5: base.AccessDenied denied)

    /** A rejected chargeback goes one stage up and is pending again. */
    void ReopenChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID chargeback_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: ChargebackNotFound chargeback_not_found,
                4: InvalidChargebackStatus status, 5: base.InvalidRequest invalid, 6: base.AccessDenied denied)

    void CancelChargeback(1: base.ID invoice_id, 2: base.ID payment_id, 3: base.ID chargeback_id)
        throws (1: InvoiceNotFound not_found, 2: PaymentNotFound payment_not_found, 3: ChargebackNotFound chargeback_not_found,
                4: InvalidChargebackStatus status, 5: base.AccessDenied denied)

    MachineState GetMachine(1: base.ID invoice_id)
        throws (1: InvoiceNotFound not_found, 2: base.AccessDenied denied)

    /** InvalidRequest when the machine works, or when the scenario does not fit what it was doing. */
    void Repair(1: base.ID invoice_id, 2: RepairScenario scenario, 3: string operator_note)
        throws (1: InvoiceNotFound not_found, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    /** Ids of stopped machines, oldest first. */
    list<MachineState> GetStopped(1: i32 limit)
        throws (1: base.AccessDenied denied)
}

struct TemplateParams {
    1: required base.ID id
    2: required base.PartyID party_id
    3: required base.ShopID shop_id
    4: required domain.LifetimeInterval lifetime
    5: required domain.InvoiceTemplateDetails details
    6: optional string name
    7: optional string description
    8: optional base.Content context
    9: optional string external_id
}

/** What a template may do without. */
enum TemplateField {
    NAME = 1
    DESCRIPTION = 2
    CONTEXT = 3
}

/** Absent fields stay as they are. */
struct TemplateUpdate {
    1: optional domain.LifetimeInterval lifetime
    2: optional domain.InvoiceTemplateDetails details
    3: optional string name
    4: optional string description
    5: optional base.Content context
    /** Fields that the template has no longer; one that is also given above is given. */
    6: optional list<TemplateField> cleared
    /** Refused unless the template has this revision */
    7: optional i64 if_revision
}

service InvoiceTemplating {
    domain.InvoiceTemplate Create(1: TemplateParams params)
        throws (1: base.InvalidRequest invalid, 2: party.PartyNotFound party_not_found, 3: party.ShopNotFound shop_not_found,
                4: party.InvalidPartyStatus party_status, 5: party.InvalidShopStatus shop_status, 6: InvalidInvoiceCart cart,
                7: base.AccessDenied denied)

    domain.InvoiceTemplate Get(1: base.ID template_id)
        throws (1: TemplateNotFound not_found, 2: TemplateRemoved removed, 3: base.AccessDenied denied)

    domain.InvoiceTemplate Update(1: base.ID template_id, 2: TemplateUpdate update)
        throws (1: TemplateNotFound not_found, 2: TemplateRemoved removed, 3: base.InvalidRequest invalid,
                4: party.InvalidPartyStatus party_status, 5: party.InvalidShopStatus shop_status, 6: InvalidInvoiceCart cart,
                7: base.AccessDenied denied, 8: RevisionMismatch mismatch)

    /** With `if_revision`: refused unless the template has this revision. */
    void Delete(1: base.ID template_id, 2: optional i64 if_revision)
        throws (1: TemplateNotFound not_found, 2: TemplateRemoved removed, 3: party.InvalidPartyStatus party_status,
                4: party.InvalidShopStatus shop_status, 5: base.AccessDenied denied, 6: RevisionMismatch mismatch)

    /**
     * Templates that were not removed, by id, those behind `after`; without `shop_id` of every shop.
     * `limit` is between 1 and 1000.
     */
    list<domain.InvoiceTemplate> GetList(1: base.PartyID party_id, 2: optional base.ShopID shop_id,
                                         3: optional base.ID after, 4: i32 limit)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    PaymentTerms ComputeTerms(1: base.ID template_id)
        throws (1: TemplateNotFound not_found, 2: TemplateRemoved removed, 3: base.AccessDenied denied)
}

exception NoLastEvent {}

/** Internal realm only. */
service EventSink {
    list<Event> GetEvents(1: EventRange range)
        throws (1: EventNotFound event_not_found, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    base.EventID GetLastEventID()
        throws (1: NoLastEvent none, 2: base.AccessDenied denied)
}
