/**
 * Webhooks by Standard Webhooks 1.0: where a party wants to be told of its events, and what became of each telling.
 *
 * A message carries the bytes of an event of party_events.thrift under three headers: webhook-id (the event's),
 * webhook-timestamp (seconds) and webhook-signature: for every secret in force one `v1,` (HMAC-SHA256) and one `v1a,`
 * (ed25519), spaces between. Any 2xx is success. 410 disables the endpoint; 429 and 503 with Retry-After hold it back.
 * Events of one invoice are told in order.
 */

include "base.thrift"
include "payment_processing.thrift"

enum EndpointStatus {
    ENABLED = 1
    /** Nothing is sent: by the party, by a 410, or after the last retry of a message, or when all failed for as long. What happens meanwhile can be replayed. */
    DISABLED = 2
    /** Enabled, and the latest attempt failed */
    FAILING = 3
}

/** Both halves sign while the secret is in force. */
struct EndpointSecret {
    1: required i32 number
    2: required base.Timestamp created_at
    /** Absent: in force till it is rotated */
    3: optional base.Timestamp expires_at
    /** whpk_ and base64 of the ed25519 public key */
    4: required string public_key
    /** whsec_ and base64 of the HMAC key: in the answers of Create and RotateSecret only */
    5: optional string secret (redact = "true")
}

struct EndpointHealth {
    /** Deliveries that wait */
    1: required i64 pending
    2: optional base.Timestamp last_success_at
    3: optional base.Timestamp last_failure_at
    /** Of the latest attempt; absent: none was made, or no answer came */
    4: optional i32 last_http_status
    /** Why the latest attempt failed */
    5: optional string last_error
    /** Nothing is sent before, because the receiver asked for time */
    6: optional base.Timestamp held_until
    /** Since when every attempt has failed */
    7: optional base.Timestamp failing_since
}

struct EndpointParams {
    1: required base.ID id
    2: required base.PartyID party_id
    /** Absent: every shop of the party */
    3: optional base.ShopID shop_id
    4: required string url
    /** Types of events, for example payment.captured; payment.* is all of payments and * all there are, also those to come */
    5: required list<string> event_types
    6: optional string description
    /** Of the events' bodies: v3 */
    7: required string payload_version
}

struct Endpoint {
    1: required base.ID id
    2: required base.PartyID party_id
    3: optional base.ShopID shop_id
    4: required string url
    5: required list<string> event_types
    6: optional string description
    7: required string payload_version
    8: required EndpointStatus status
    /** Of a disabled one: request (the party's own), gone (a 410) or failures (after the last retry of a message, or when all failed for as long) */
    9: optional string disabled_reason
    10: required base.Timestamp created_at
    /** 1, and one more with each update, rotation and change between enabled and disabled */
    11: required i64 revision
    /** Newest first: the one that was made last, and those before it that are still in force */
    12: required list<EndpointSecret> secrets
    13: required EndpointHealth health
}

enum EndpointField {
    SHOP_ID = 1
    DESCRIPTION = 2
}

/** Absent fields stay as they are. */
struct EndpointUpdate {
    1: optional string url
    2: optional list<string> event_types
    3: optional string description
    4: optional base.ShopID shop_id
    /** ENABLED or DISABLED. What waited for an endpoint that is disabled is dropped; see Replay. */
    5: optional EndpointStatus status
    /** Fields that the endpoint has no longer */
    6: optional list<EndpointField> cleared
    /** Refused unless the endpoint has this revision */
    7: optional i64 if_revision
}

/** Which events of the party's feed that the endpoint asked for are told once more, or for the first time. */
struct ReplayScope {
    /** Exclusive. Absent: from the oldest that is kept */
    1: optional i64 after
    /** When they happened, inclusive */
    2: optional base.Timestamp from_time
    /** Exclusive */
    3: optional base.Timestamp to_time
    /** Those alone that the endpoint was given up on. false: all */
    4: required bool only_failed
}

enum EndpointDeliveryStatus {
    WAITING = 1
    DELIVERED = 2
    DROPPED = 3
}

struct EndpointAttempt {
    1: required base.Timestamp at
    /** Absent: no answer came */
    2: optional i32 http_status
    3: optional string error
    4: required i32 duration_ms
}

struct EndpointDelivery {
    1: required i64 id
    2: required base.ID endpoint_id
    /** What stands behind evt_ in the message: the id in the feed; of a sample, a word that is in no feed */
    3: required string event_id
    4: required string event_type
    5: required EndpointDeliveryStatus status
    6: required list<EndpointAttempt> attempts
    7: optional base.Timestamp next_attempt_at
    8: required string trace_id
    /** A sample event */
    9: required bool is_test
}

exception EndpointNotFound {}
exception EndpointLimitExceeded {}
exception EndpointShopNotFound {}
/** It is told of nothing while it is disabled. */
exception EndpointDisabled {}

service WebhookEndpoints {
    /** Idempotent by id: a repeat gets the endpoint with its newest secret. */
    Endpoint Create(1: EndpointParams params)
        throws (1: EndpointLimitExceeded limit, 2: EndpointShopNotFound shop_not_found, 3: base.InvalidRequest invalid,
                4: base.AccessDenied denied)

    Endpoint Get(1: base.ID endpoint_id)
        throws (1: EndpointNotFound not_found, 2: base.AccessDenied denied)

    /** By id, those behind `after`; `limit` is between 1 and 1000. */
    list<Endpoint> GetList(1: base.PartyID party_id, 2: optional base.ID after, 3: i32 limit)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    Endpoint Update(1: base.ID endpoint_id, 2: EndpointUpdate update)
        throws (1: EndpointNotFound not_found, 2: EndpointShopNotFound shop_not_found, 3: base.InvalidRequest invalid,
                4: payment_processing.RevisionMismatch mismatch, 5: base.AccessDenied denied)

    void Delete(1: base.ID endpoint_id, 2: optional i64 if_revision)
        throws (1: EndpointNotFound not_found, 2: payment_processing.RevisionMismatch mismatch, 3: base.AccessDenied denied)

    /** A new secret; those before it stay in force for `overlap_s` (0..604800) more, unless they end sooner. */
    Endpoint RotateSecret(1: base.ID endpoint_id, 2: i32 overlap_s)
        throws (1: EndpointNotFound not_found, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    /** Returns how many events will be told; at most 10000 at a time, the oldest first. */
    i32 Replay(1: base.ID endpoint_id, 2: ReplayScope scope)
        throws (1: EndpointNotFound not_found, 2: EndpointDisabled disabled, 3: base.InvalidRequest invalid,
                4: base.AccessDenied denied)

    /** Sends a sample of an event of that type, invoice.created unless told; it is not in the feed. */
    EndpointDelivery Test(1: base.ID endpoint_id, 2: optional string event_type)
        throws (1: EndpointNotFound not_found, 2: EndpointDisabled disabled, 3: base.InvalidRequest invalid,
                4: base.AccessDenied denied)

    /** Newest first, those below `before`; `limit` is between 1 and 1000. */
    list<EndpointDelivery> GetDeliveries(1: base.ID endpoint_id, 2: optional i64 before, 3: i32 limit)
        throws (1: EndpointNotFound not_found, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)
}
