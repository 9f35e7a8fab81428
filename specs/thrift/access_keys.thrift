/** The register of API keys: who was given which, and which of them are void. The keys themselves are not stored. */

include "base.thrift"

struct AccessKey {
    /** The token's jti */
    1: required base.ID id
    2: required base.PartyID party_id
    3: required list<string> roles
    4: required base.Timestamp issued_at
    /** Absent: never expires */
    5: optional base.Timestamp expires_at
    6: optional string name
    7: optional base.Timestamp revoked_at
}

struct Revocation {
    /** Grows by one with each revocation */
    1: required i64 number
    2: required base.ID key_id
}

exception KeyNotFound {}

/** Internal realm only. */
service AccessKeys {
    void Register(1: AccessKey key)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    /** Of one party, or of all when the id is empty; newest first. */
    list<AccessKey> List(1: base.PartyID party_id)
        throws (1: base.AccessDenied denied)

    /** Also for the id of a token that was never registered. Answers the revocation's number. */
    i64 Revoke(1: base.ID key_id)
        throws (1: base.AccessDenied denied)

    /** In order of number, those above `after`. `reader` names the gateway process that asks. */
    list<Revocation> GetRevocations(1: i64 after, 2: string reader)
        throws (1: base.AccessDenied denied)

    /** The lowest number that every reader of the last five seconds has seen; names of those still behind `number`. */
    list<string> ReadersBehind(1: i64 number)
        throws (1: base.AccessDenied denied)
}
