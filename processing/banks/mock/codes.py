"""Response codes of the bank, in the manner of ISO 8583, with the text that goes with each.

`detail` refines a code where one code covers several cases (61 and Q1: which limit).
"""

APPROVED = "00"
INVALID_MERCHANT = "03"
DO_NOT_HONOUR = "05"
UNSPECIFIED_ERROR = "06"
IN_PROGRESS = "09"
NOT_PERMITTED = "12"
INVALID_CARD_NUMBER = "14"
NO_SUCH_ISSUER = "15"
CANCELLED_BY_MERCHANT = "17"
NOT_FOUND = "25"
FORMAT_ERROR = "30"
STOLEN_CARD = "43"
INSUFFICIENT_FUNDS = "51"
EXPIRED_CARD = "54"
NO_CARD_RECORD = "56"
NOT_PERMITTED_TO_CARDHOLDER = "57"
AMOUNT_LIMIT = "61"
RESTRICTED_CARD = "62"
SECURITY_VIOLATION = "63"
FREQUENCY_LIMIT = "65"
ISSUER_UNAVAILABLE = "91"
DUPLICATE_REFERENCE = "94"
AUTHENTICATION_FAILED = "1A"
AUTHENTICATION_NOT_FINISHED = "1B"
AUTHENTICATION_REQUIRED = "1C"
AUTHENTICATION_ASKED = "1P"
WRONG_STATE = "B1"
AMOUNT_BEYOND_BALANCE = "B2"
REFUSED_BY_ISSUER = "B4"
HOLDER_MISMATCH = "N3"
CVC_MISMATCH = "N7"
CARD_REFUSED = "N0"
ACQUIRER_AMOUNT_LIMIT = "Q1"
ACQUIRER_FREQUENCY_LIMIT = "Q2"

TEXTS = {
    APPROVED: "Approved",
    INVALID_MERCHANT: "Invalid merchant",
    DO_NOT_HONOUR: "Do not honour",
    UNSPECIFIED_ERROR: "Error",
    IN_PROGRESS: "Request in progress",
    NOT_PERMITTED: "Invalid transaction for this instrument",
    INVALID_CARD_NUMBER: "Invalid card number",
    NO_SUCH_ISSUER: "No such issuer",
    CANCELLED_BY_MERCHANT: "Cancelled by the merchant",
    NOT_FOUND: "No such record",
    FORMAT_ERROR: "Format error",
    STOLEN_CARD: "Stolen card, pick up",
    INSUFFICIENT_FUNDS: "Insufficient funds",
    EXPIRED_CARD: "Expired card",
    NO_CARD_RECORD: "No card record",
    NOT_PERMITTED_TO_CARDHOLDER: "Transaction not permitted to cardholder",
    AMOUNT_LIMIT: "Exceeds amount limit",
    RESTRICTED_CARD: "Restricted card",
    SECURITY_VIOLATION: "Security violation",
    FREQUENCY_LIMIT: "Exceeds frequency limit",
    ISSUER_UNAVAILABLE: "Issuer or switch inoperative",
    DUPLICATE_REFERENCE: "Duplicate reference",
    AUTHENTICATION_FAILED: "Cardholder authentication failed",
    AUTHENTICATION_NOT_FINISHED: "Cardholder authentication not finished",
    AUTHENTICATION_REQUIRED: "Cardholder authentication required, no return address given",
    AUTHENTICATION_ASKED: "Cardholder authentication asked for",
    WRONG_STATE: "Not possible in this state",
    AMOUNT_BEYOND_BALANCE: "Amount exceeds what is left",
    REFUSED_BY_ISSUER: "Refused by the issuer",
    HOLDER_MISMATCH: "Cardholder name mismatch",
    CVC_MISMATCH: "Card verification code mismatch",
    CARD_REFUSED: "Card refused",
    ACQUIRER_AMOUNT_LIMIT: "Acquirer amount limit",
    ACQUIRER_FREQUENCY_LIMIT: "Acquirer frequency limit",
}
