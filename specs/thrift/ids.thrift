/** Internal ids for the outside world's own keys, for ever: the memory behind idempotency. */

include "base.thrift"

/** Who asks for what under which name: unique together. */
struct Key {
    /** operationId of the public contract, for example createInvoice */
    1: required string operation
    2: required base.PartyID party_id
    3: required string external_id
}

struct BindParams {
    1: required Key key
    /** Wanted id of a new object. Absent: the next number of `sequence`. */
    2: optional base.ID id
    /** For a merchant's call: one that ends with "/" and its own party's id */
    3: optional string sequence
    /** First number of the sequence, 1 unless told */
    4: optional i64 sequence_from
    /** The caller's digest of what the request meant, and anything needed to find the object again. */
    5: required base.Opaque features
    6: optional map<string, string> context
}

struct Binding {
    1: required base.ID id
    /** true when this call made the binding */
    2: required bool is_new
    /** Of the first request, whoever asks now */
    3: required base.Opaque features
    4: required map<string, string> context
}

exception BindingNotFound {}

service Ids {
    /** Atomic: of any number of callers with one key, exactly one gets is_new. */
    Binding Bind(1: BindParams params)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    Binding Get(1: Key key)
        throws (1: BindingNotFound not_found, 2: base.AccessDenied denied)

    /** The next number of a sequence as decimal text; of which sequences, see BindParams. */
    base.ID Next(1: string sequence, 2: i64 sequence_from)
        throws (1: base.AccessDenied denied)
}
