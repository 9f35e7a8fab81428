/** Who uses which operation of which version of the public API: counts a day, for the decision to retire one. */

include "base.thrift"

/** Calls of one operation by one party: since a gateway's last report, or over the days that were asked for. */
struct UsageRow {
    /** Name of the version, as in its paths: "v2" */
    1: required string version
    /** operationId of that version's spec */
    2: required string operation
    3: required base.PartyID party_id
    /** Above 0 */
    4: required i64 count
    /** When the last of them was reported: at most a report's interval, 10 s, after it was made */
    5: required base.Timestamp last_at
}

struct UsageQuery {
    1: optional string version
    /** A caller of the external realm has to name itself. */
    2: optional base.PartyID party_id
    /** Whole days, UTC: from the day of this moment on */
    3: optional base.Timestamp since
}

/**
 * A report that perhaps arrived is not sent again, and what a killed gateway had not reported is lost: counts may be
 * too low by some seconds of traffic, never too high.
 */
service Usage {
    /** Adds to the counts of the day of each row's `last_at`, UTC. Internal realm only. */
    void Report(1: list<UsageRow> rows)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)

    /** A row a version, operation and party, its days added up; most used first. */
    list<UsageRow> Get(1: UsageQuery query)
        throws (1: base.InvalidRequest invalid, 2: base.AccessDenied denied)
}
