/**
 * Business configuration with versions: nothing is edited in place, each commit makes the next version,
 * a payment keeps the version it began with.
 */

include "base.thrift"
include "domain.thrift"

enum ObjectKind {
    CURRENCY = 1
    CATEGORY = 2
    COUNTRY = 3
    TRADE_BLOC = 4
    TERMS = 5
    PROVIDER = 6
    TERMINAL = 7
    ROUTING = 8
    ACCOUNT_SET = 9
}

struct ObjectRef {
    1: required ObjectKind kind
    2: required string id
}

struct Currency {
    1: required domain.CurrencyCode code
    2: required string name
    /** Digits after the point: 2 for RUB, 0 for JPY */
    3: required i16 exponent
}

struct Category {
    1: required i32 id
    2: required string name
    3: optional string description
    /** test or live */
    4: required string realm
}

struct Country {
    /** ISO 3166-1 alpha-3 */
    1: required string id
    2: required string name
    3: required list<string> trade_blocs
}

struct TradeBloc {
    1: required string id
    2: required string name
    3: optional string description
}

/** Rules whose language belongs to the platform (terms, routes, cash flows): a JSON document checked at commit. */
struct RuleDocument {
    1: required string id
    2: required string json
}

union ObjectData {
    1: Currency currency
    2: Category category
    3: Country country
    4: TradeBloc trade_bloc
    5: RuleDocument rules
}

struct DomainObject {
    1: required ObjectRef ref
    2: required ObjectData data
}

struct Insert {
    1: required DomainObject object
}

struct Update {
    1: required DomainObject old_object
    2: required DomainObject new_object
}

struct Remove {
    1: required DomainObject object
}

union Operation {
    1: Insert insert
    2: Update update
    3: Remove remove
}

struct Commit {
    1: required list<Operation> operations
    2: required string author
    3: optional string message
}

struct CommitRecord {
    1: required base.Revision version
    2: required Commit commit
    3: required base.Timestamp created_at
}

struct Snapshot {
    1: required base.Revision version
    2: required list<DomainObject> objects
}

union VersionRef {
    1: base.Revision version
    2: bool head
}

exception VersionNotFound {}
exception ObjectNotFound {}
/** The base is not the head any more. A commit equal to the one already made on that base is answered as done. */
exception ObsoleteCommitVersion {
    1: required base.Revision latest
}
exception OperationConflict {
    1: required string reason
    2: required ObjectRef ref
}
exception OperationInvalid {
    1: required list<string> errors
}

service Repository {
    base.Revision Commit(1: base.Revision base_version, 2: Commit commit)
        throws (1: VersionNotFound not_found, 2: ObsoleteCommitVersion obsolete, 3: OperationConflict conflict, 4: OperationInvalid invalid)

    Snapshot Checkout(1: VersionRef version)
        throws (1: VersionNotFound not_found)

    DomainObject CheckoutObject(1: VersionRef version, 2: ObjectRef ref)
        throws (1: VersionNotFound not_found, 2: ObjectNotFound object_not_found)

    /** All objects of one kind, ordered by id. */
    list<DomainObject> CheckoutKind(1: VersionRef version, 2: ObjectKind kind)
        throws (1: VersionNotFound not_found)

    list<CommitRecord> PullRange(1: base.Revision after, 2: i32 limit)
        throws (1: VersionNotFound not_found)
}
