/**
 * Everything that a party may know of what happened to it, in one order: the feed that webhooks are sent from.
 * Events are kept for 90 days (setting webhooks.events_kept_days).
 */

include "base.thrift"

/** Grows along the feed, with gaps. In public: evt_ and this. */
typedef i64 PartyEventID

struct StoredEvent {
    1: required PartyEventID id
    2: required base.PartyID party_id
    3: required base.ShopID shop_id
    4: required base.Timestamp created_at
    /** For example payment.captured */
    5: required string event_type
    /** The invoice that it happened to, or in */
    6: required base.ID invoice_id
    /** The exact bytes, which a webhook carries too */
    7: required binary body
    8: required string trace_id
}

struct EventQuery {
    1: required base.PartyID party_id
    /** Exclusive. Absent: from the oldest that is kept */
    2: optional PartyEventID after
    /** 1..1000 */
    3: required i32 limit
    4: optional base.ShopID shop_id
    /** Absent or empty: all */
    5: optional list<string> event_types
}

struct EventPage {
    1: required list<StoredEvent> events
    /**
     * Everything up to here was looked at, also what did not fit the query: go on after it.
     * Absent: the party has no events and `after` was absent.
     */
    2: optional PartyEventID position
    /** false: this is all there is for now */
    3: required bool has_more
}

exception EventNotFound {}
/** What followed `after` was kept too long ago: the reader has missed events. */
exception EventsForgotten {
    /** The newest that is no longer there: go on after it */
    1: required PartyEventID position
}

service PartyEvents {
    /** No event appears later before one that was given out. */
    EventPage GetRange(1: EventQuery query)
        throws (1: EventsForgotten forgotten, 2: base.InvalidRequest invalid, 3: base.AccessDenied denied)

    StoredEvent Get(1: base.PartyID party_id, 2: PartyEventID event_id)
        throws (1: EventNotFound not_found, 2: base.AccessDenied denied)
}
