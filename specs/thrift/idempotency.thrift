/**
 * Keys that a merchant puts on its requests so that a repeat is safe: what was asked under which key, who works on it,
 * and what the answer was. A key belongs to one party and is kept for 30 days (setting idempotency.kept_days).
 *
 * A life of a key
 * - Begin by the first request: `started`, attempt 1. A repeat meanwhile: `in_use`.
 * - Finish keeps the answer; every repeat from then on: `replay`.
 * - Release says that nothing happened: the key is as free as if it had never been used, or, when an attempt before
 *   this one may have done something, as after Suspend.
 * - Suspend says that something may have happened: the key stays taken, and the next repeat is `started` at once.
 * - An attempt that says nothing is over when its lease is: the next repeat is `started`, with one attempt more and the
 *   same id. Creations are idempotent by id, so that it carries on what the one before began.
 */

include "base.thrift"

/** What the caller got. Stored sealed: it may hold tokens and secrets. */
struct Answer {
    1: required i32 status
    2: required map<string, string> headers (redact = "true")
    3: required binary body (redact = "true")
    /** The object that was made or changed, as the caller names it, for example pay_1xY.1 */
    4: optional string resource
}

struct BeginParams {
    1: required base.PartyID party_id
    /** 1..255 visible ASCII characters */
    2: required string key
    /** operationId of the public contract */
    3: required string operation
    /** JSON pointer into the request -> digest of what stands there. Nothing of the request itself is stored. */
    4: required map<string, string> fingerprint
    /** Wanted id of the object to be made; a later attempt gets that of the first. */
    5: optional base.ID id
    /** How long the attempt may work undisturbed, 1..3600 */
    6: required i32 lease_s
}

/** The caller is to do the work now. */
struct Started {
    /** That of the first attempt */
    1: optional base.ID id
    /** From 1. Greater than 1: another attempt may have done some of it */
    2: required i64 attempt
}

/** Somebody works on it. */
struct InUse {
    1: required i32 retry_after_s
}

/** The key was used for another request. */
struct Reused {
    /** Where the two requests differ, sorted */
    1: required list<string> pointers
    /** What the key was used for */
    2: required string operation
}

union Outcome {
    1: Started started
    2: Answer replay
    3: InUse in_use
    4: Reused reused
}

enum KeyStatus {
    RUNNING = 1
    DONE = 2
    /** Never used by this party, released, or forgotten */
    UNKNOWN = 3
    /** Begun and not finished, and nobody is at work: suspended, or its lease is over. The next repeat carries on */
    INTERRUPTED = 4
}

struct KeyState {
    1: required KeyStatus status
    2: optional string operation
    /** Of the first attempt */
    3: optional base.Timestamp created_at
    4: optional base.Timestamp finished_at
    /** When it will be forgotten */
    5: optional base.Timestamp expires_at
    /** The id that every attempt was given */
    6: optional base.ID id
    7: optional string resource
    8: optional Answer answer
    9: optional i64 attempt
}

/** Another attempt has taken over, or the key is no longer known: what this one says is not taken. */
exception AttemptOver {}

service IdempotencyKeys {
    /** Atomic: of any number of callers with one key, at most one at a time is `started`. */
    Outcome Begin(1: BeginParams params)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    /** By the attempt that finished the key: no effect. */
    void Finish(1: base.PartyID party_id, 2: string key, 3: i64 attempt, 4: Answer answer)
        throws (1: AttemptOver over, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    /** Nothing happened. */
    void Release(1: base.PartyID party_id, 2: string key, 3: i64 attempt)
        throws (1: AttemptOver over, 2: base.AccessDenied denied)

    /** The outcome is not known: whoever comes next carries on. */
    void Suspend(1: base.PartyID party_id, 2: string key, 3: i64 attempt)
        throws (1: AttemptOver over, 2: base.AccessDenied denied)

    KeyState Get(1: base.PartyID party_id, 2: string key)
        throws (1: base.AccessDenied denied)
}
