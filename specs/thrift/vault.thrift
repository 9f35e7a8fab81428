/**
 * The only service that is given card numbers. There is no call that gives one back: adapters that need a number
 * run in the vault's own process. Any signed caller may store a card; nobody may read one.
 */

include "base.thrift"
include "domain.thrift"

struct CardData {
    1: required string number (redact = "true")
    2: required domain.ExpDate exp_date
    3: optional string cardholder_name (redact = "true")
    /** Kept for one use and a short time, under the session's name */
    4: optional string cvv (redact = "true")
}

/** A card from a phone's wallet, as the wallet encrypted it. */
struct TokenizedCard {
    /** applepay, googlepay, samsungpay, yandexpay */
    1: required string provider
    2: required string merchant_id
    /** The wallet's cryptogram. One use. */
    3: required binary payload (redact = "true")
}

union CardSource {
    1: CardData card
    2: TokenizedCard tokenized
}

struct TokenizeParams {
    1: required CardSource source
    /** Names the one-use CVV */
    2: required string session_id
}

/** What is wrong with the card, in words fit for the merchant. */
exception InvalidCardData {
    1: required string reason
}

service Vault {
    /** The same number and expiry give the same token, so that a card can be recognised. */
    domain.BankCard Tokenize(1: TokenizeParams params)
        throws (1: InvalidCardData invalid)
}
