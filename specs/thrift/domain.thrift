/** The things of the payment world: parties and shops, invoices, payments, refunds, chargebacks, payment tools. */

include "base.thrift"

/** ISO 4217, for example RUB */
typedef string CurrencyCode

struct Cash {
    1: required base.Amount amount
    2: required CurrencyCode currency
}

/* ---------------------------------------------------------------- invoices */

enum InvoiceStatus {
    UNPAID = 1
    PAID = 2
    CANCELLED = 3
    FULFILLED = 4
}

/** One of 0%, 10%, 18%, 20%, 10/110, 18/118, 20/120 */
typedef string VatRate

union TaxMode {
    1: VatRate vat
}

struct CartLine {
    1: required string product
    2: required i64 quantity
    /** Price of one piece; the line costs price * quantity. */
    3: required Cash price
    4: optional TaxMode tax_mode
}

typedef list<CartLine> Cart

struct InvoiceDetails {
    1: required string product
    2: optional string description
    3: optional Cart cart
}

struct RussianBankAccount {
    1: required string account
    2: required string bank_bik
}

/** Where a payer may transfer the money by hand. */
union InvoiceBankAccount {
    1: RussianBankAccount russian
}

enum TrustLevel {
    WELL_KNOWN = 1
    UNKNOWN = 2
}

struct InvoiceClientInfo {
    1: optional TrustLevel trust_level
}

/* ------------------------------------------------------------- allocations */

union AllocationTarget {
    1: base.ShopID shop_id
}

/** m * 10^-exp of the total, for example {m: 15, exp: 1} is 1.5 */
struct Decimal {
    1: required i64 m
    2: required i64 exp
}

union AllocationFee {
    1: Cash fixed
    /** Part of the transaction's total. */
    2: Decimal share
}

/** The target gets `total` less `fee`; the rest stays with the invoice's shop. */
struct AllocationTotal {
    1: required Cash total
    2: required AllocationFee fee
    /** Computed by the platform: what the target gets. */
    3: optional Cash amount
    /** Computed by the platform: what the fee came to. */
    4: optional Cash fee_amount
}

union AllocationBody {
    /** The target gets exactly this. */
    1: Cash amount
    2: AllocationTotal total
}

/** A part of an invoice's money that goes to another shop of the same party. */
struct AllocationTransaction {
    1: required AllocationTarget target
    2: required AllocationBody body
    3: optional Cart cart
}

typedef list<AllocationTransaction> Allocation

struct Invoice {
    1: required base.ID id
    2: required base.PartyID owner_id
    3: required base.ShopID shop_id
    4: required base.Timestamp created_at
    5: required base.Timestamp due
    6: required InvoiceStatus status
    /** Why it was cancelled or fulfilled; "overdue" when its time ran out. */
    7: optional string status_reason
    8: required InvoiceDetails details
    9: required Cash cost
    10: required base.Content context
    11: optional string external_id
    12: optional base.ID template_id
    13: optional InvoiceBankAccount bank_account
    14: optional Allocation allocation
    15: optional InvoiceClientInfo client_info
    16: required base.Revision domain_revision
    /** 1, and more with every change of what is said here; not with its payments */
    17: optional i64 revision
}

/* --------------------------------------------------------------- templates */

struct LifetimeInterval {
    1: required i32 years
    2: required i32 months
    3: required i32 days
}

struct CashRange {
    1: required Cash lower
    2: required Cash upper
}

union TemplatePrice {
    1: Cash fixed
    /** Both bounds belong to the range. */
    2: CashRange range
    /** Any amount: the invoice says it. */
    3: bool unlimited
}

struct TemplateSingleLine {
    1: required string product
    2: required TemplatePrice price
    3: optional TaxMode tax_mode
}

struct TemplateMultiLine {
    1: required CurrencyCode currency
    2: required Cart cart
}

union InvoiceTemplateDetails {
    1: TemplateSingleLine single_line
    2: TemplateMultiLine multi_line
}

struct InvoiceTemplate {
    1: required base.ID id
    2: required base.PartyID owner_id
    3: required base.ShopID shop_id
    4: required base.Timestamp created_at
    5: required LifetimeInterval lifetime
    6: required InvoiceTemplateDetails details
    7: optional string name
    8: optional string description
    9: optional base.Content context
    10: optional string external_id
    /** 1, and one more with each update */
    11: optional i64 revision
}

/* ----------------------------------------------------------- payment tools */

struct ExpDate {
    1: required i16 month
    2: required i16 year
}

enum TokenizationMethod {
    DPAN = 1
    NONE = 2
}

/** A card as everybody outside the vault may know it. */
struct BankCard {
    /** The vault's name of the card: random, says nothing of the number. */
    1: required string token
    /** visa, mastercard, maestro, nspkmir, ... */
    2: required string payment_system
    3: required string bin
    4: required string last_digits
    5: optional ExpDate exp_date
    6: optional string cardholder_name (redact = "true")
    /** applepay, googlepay, samsungpay, yandexpay */
    7: optional string token_provider
    8: optional TokenizationMethod tokenization_method
    9: optional string issuer_country
    10: optional string bank_name
    11: optional bool is_cvv_empty
}

struct PaymentTerminal {
    1: required string provider
}

struct DigitalWallet {
    1: required string provider
    2: required string id
    3: optional string token (redact = "true")
}

struct CryptoWallet {
    1: required string currency
}

struct MobileCommerce {
    /** Country code and subscriber number, digits only */
    1: required string cc
    2: required string ctn
    3: optional string operator
}

union PaymentTool {
    1: BankCard bank_card
    2: PaymentTerminal payment_terminal
    3: DigitalWallet digital_wallet
    4: CryptoWallet crypto_wallet
    5: MobileCommerce mobile_commerce
}

/* ---------------------------------------------------------------- payments */

struct ContactInfo {
    1: optional string email
    2: optional string phone_number
}

struct ClientInfo {
    1: optional string ip
    2: optional string fingerprint
    3: optional string url
}

struct PaymentResourcePayer {
    1: required PaymentTool payment_tool
    /** Opens the one-use CVV in the vault, if there is one. */
    2: optional string payment_session_id
    3: required ContactInfo contact_info
    4: optional ClientInfo client_info
    /** The merchant's strings, given back as they came. */
    5: optional string payment_session (redact = "true")
    6: optional string payment_tool_token (redact = "true")
}

struct RecurrentParent {
    1: required base.ID invoice_id
    2: required base.ID payment_id
}

struct RecurrentPayer {
    1: required RecurrentParent parent
    2: required ContactInfo contact_info
    /** Filled in by the platform from the parent payment. */
    3: optional PaymentTool payment_tool
}

union Payer {
    1: PaymentResourcePayer payment_resource
    2: RecurrentPayer recurrent
}

struct PayerSessionInfo {
    /** Where the payer goes after the bank's page. */
    1: optional string redirect_url
}

enum OnHoldExpiration {
    CANCEL = 1
    CAPTURE = 2
}

struct InstantFlow {}

struct HoldFlow {
    1: required OnHoldExpiration on_hold_expiration
    /** Set by the platform */
    2: optional base.Timestamp held_until
}

union PaymentFlow {
    1: InstantFlow instant
    2: HoldFlow hold
}

enum PaymentStatus {
    PENDING = 1
    PROCESSED = 2
    CAPTURED = 3
    CANCELLED = 4
    REFUNDED = 5
    FAILED = 6
    CHARGED_BACK = 7
}

/** A branch of the failure tree: authorization_failed -> payment_tool_rejected -> ... */
struct SubFailure {
    1: required string code
    2: optional SubFailure sub
}

struct Failure {
    1: required string code
    /** For people; never decided upon. */
    2: optional string reason
    3: optional SubFailure sub
}

union OperationFailure {
    1: bool operation_timeout
    2: Failure failure
}

/** What the bank calls the payment. The id, once known, never changes. */
struct TransactionInfo {
    1: required string id
    2: optional base.Timestamp timestamp
    3: optional string rrn
    4: optional string approval_code
    5: optional map<string, string> extra
}

struct BrowserGetRequest {
    /** RFC 6570 level 4, may use termination_uri */
    1: required string uri_template
}

struct FormField {
    1: required string key
    2: required string template
}

struct BrowserPostRequest {
    1: required string uri_template
    2: required list<FormField> form
}

union BrowserRequest {
    1: BrowserGetRequest get_request
    2: BrowserPostRequest post_request
}

struct PaymentTerminalReceipt {
    1: required string short_payment_id
    2: required base.Timestamp due
}

struct CryptoTransferRequest {
    1: required string address
    2: required string symbolic_code
    /** Decimal digits with a point */
    3: required string amount
}

struct QrCode {
    1: required binary payload
}

/** What only the payer can do before the payment goes on. */
union UserInteraction {
    1: BrowserRequest redirect
    2: PaymentTerminalReceipt payment_terminal_receipt
    3: CryptoTransferRequest crypto_transfer
    4: QrCode qr_code
}

struct Payment {
    1: required base.ID id
    2: required base.ID invoice_id
    3: required base.PartyID owner_id
    4: required base.ShopID shop_id
    5: required base.Timestamp created_at
    6: required PaymentStatus status
    /** Why it was captured or cancelled */
    7: optional string status_reason
    8: optional OperationFailure failure
    /** What was asked; after a partial capture see captured_cost */
    9: required Cash cost
    10: optional Cash captured_cost
    11: required PaymentFlow flow
    12: required Payer payer
    13: optional PayerSessionInfo payer_session_info
    14: required bool make_recurrent
    15: optional base.Content context
    16: optional string external_id
    17: optional TransactionInfo transaction
    18: optional UserInteraction interaction
    19: optional Allocation allocation
    20: optional base.Timestamp processing_deadline
    21: required base.Timestamp status_changed_at
    /** What the party pays for it, once known */
    22: optional Cash fee
    23: required base.Revision domain_revision
    24: optional Cart cart
    /** 1, and more with every change of what is said here, and with the beginning and end of its refunds */
    25: optional i64 revision
}

enum RefundStatus {
    PENDING = 1
    SUCCEEDED = 2
    FAILED = 3
}

struct Refund {
    1: required base.ID id
    2: required base.ID invoice_id
    3: required base.ID payment_id
    4: required base.PartyID owner_id
    5: required base.ShopID shop_id
    6: required base.Timestamp created_at
    7: required RefundStatus status
    8: optional OperationFailure failure
    9: required Cash cash
    10: optional string reason
    11: optional Cart cart
    12: optional Allocation allocation
    13: optional string external_id
    14: optional TransactionInfo transaction
    /** 1, and more with every change of what is said here */
    15: optional i64 revision
}

enum ChargebackStage {
    CHARGEBACK = 1
    PRE_ARBITRATION = 2
    ARBITRATION = 3
}

enum ChargebackStatus {
    PENDING = 1
    ACCEPTED = 2
    REJECTED = 3
    CANCELLED = 4
}

struct Chargeback {
    1: required base.ID id
    2: required base.ID invoice_id
    3: required base.ID payment_id
    4: required base.Timestamp created_at
    5: required ChargebackStatus status
    6: required ChargebackStage stage
    /** What the payer disputes */
    7: required Cash body
    /** What the bank charges for the dispute */
    8: required Cash levy
    9: optional string reason_code
    10: optional string external_id
}

/* -------------------------------------------------------- parties and shops */

struct ShopLocation {
    1: required string url
}

struct ShopDetails {
    1: required string name
    2: optional string description
}

struct ShopAccount {
    1: required CurrencyCode currency
    2: required i64 settlement
    3: required i64 guarantee
}

struct Shop {
    1: required base.ShopID id
    2: required base.PartyID owner_id
    3: required base.Timestamp created_at
    4: required bool is_blocked
    5: required bool is_suspended
    6: required i32 category_id
    7: required ShopLocation location
    8: required ShopDetails details
    9: required base.ID contract_id
    10: required ShopAccount account
    11: optional base.ID payout_tool_id
}

struct Party {
    1: required base.PartyID id
    2: required base.Timestamp created_at
    3: required bool is_blocked
    4: required bool is_suspended
    5: optional string contact_email
}

/* -------------------------------------------------------- payment methods */

struct BankCardMethod {
    1: required string payment_system
    /** Set when the system is offered through a wallet of tokenised cards only */
    2: optional string token_provider
}

/** A way to pay that a shop's terms allow. */
union PaymentMethod {
    1: BankCardMethod bank_card
    2: string payment_terminal
    3: string digital_wallet
    4: string crypto_wallet
    5: string mobile_commerce
}
