/**
 * Words that every other file of the internal protocol uses.
 *
 * Rules of the protocol
 * - A field id is never reused. A removed field leaves its number behind in a comment.
 * - Every field says `required` or `optional`; optional and absent means "not said", never "empty".
 * - Money is an amount in minor units with a currency; no floating point number exists in this protocol.
 * - Times are RFC 3339 in UTC with a `Z`, for example 2026-03-01T12:00:00.000Z.
 * - A reader tolerates fields and enum values that it does not know. A writer never sends a value outside its enum.
 * - A caller is known by the metadata of the call: `user-identity.id` (the party) and `user-identity.realm`
 *   ("external": a merchant or payer behind the gateway, "internal": the platform itself or its operator).
 *   A call of the external realm that touches another party's object gets AccessDenied.
 * - A field marked (redact = "true") is masked wherever a value of this protocol is shown.
 */

typedef string ID
typedef string PartyID
typedef string ShopID
/** RFC 3339, UTC */
typedef string Timestamp
/** Minor currency units */
typedef i64 Amount
/** Version of the business configuration */
typedef i64 Revision
/** Position in the platform-wide order of events */
typedef i64 EventID
/** Opaque to everybody but its author */
typedef binary Opaque

/** A merchant's own data: kept byte for byte and given back, never read by the platform. */
struct Content {
    1: required string type
    2: required binary data
}

/** An exact fraction p / q, q > 0. */
struct Rational {
    1: required i64 p
    2: required i64 q
}

/** The arguments are well formed but break a rule; every sentence names one broken rule. */
exception InvalidRequest {
    1: required list<string> errors
}

/** The object belongs to another party. */
exception AccessDenied {}
