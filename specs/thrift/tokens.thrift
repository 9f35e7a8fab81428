/** What stands inside a payment tool token, encrypted: known to the gateways only. */

include "base.thrift"
include "domain.thrift"

struct PaymentToolToken {
    1: required domain.PaymentTool payment_tool
    /** Absent in tokens of the first format, which never expire */
    2: optional base.Timestamp valid_until
    /** The only invoice that it may pay; absent: any of the party's */
    3: optional base.ID invoice_id
}
