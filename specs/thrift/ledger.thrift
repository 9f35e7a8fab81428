/** Double entry: plans of postings that are held, then committed or rolled back. Internal realm only. */

include "base.thrift"
include "domain.thrift"

typedef i64 AccountID

/** own: committed postings only; min and max: the worst and the best outcome of the plans that are open. */
struct Account {
    1: required AccountID id
    2: required domain.CurrencyCode currency
    3: required base.Amount own_amount
    4: required base.Amount min_available_amount
    5: required base.Amount max_available_amount
    6: required base.Timestamp created_at
    7: optional string description
}

struct Posting {
    1: required AccountID from_id
    2: required AccountID to_id
    3: required base.Amount amount
    4: required domain.CurrencyCode currency
    5: required string description
}

/** The unit of atomicity. Batch ids of a plan strictly grow. */
struct Batch {
    1: required i64 id
    2: required list<Posting> postings
}

struct PlanChange {
    1: required base.ID plan_id
    2: required Batch batch
}

struct Plan {
    1: required base.ID id
    2: required list<Batch> batches
}

enum PlanStatus {
    HELD = 1
    COMMITTED = 2
    ROLLED_BACK = 3
}

struct PlanState {
    1: required Plan plan
    2: required PlanStatus status
}

struct CurrencyTotal {
    1: required domain.CurrencyCode currency
    /** Both are 0 in a sound ledger. */
    2: required base.Amount own_amount
    3: required base.Amount pending_amount
    4: required i64 accounts
    5: required i64 committed_plans
    6: required i64 open_plans
}

exception AccountNotFound {
    1: required AccountID account_id
}
exception PlanNotFound {
    1: required base.ID plan_id
}
/** Positions of the batch's postings -> what is wrong with each. */
exception InvalidPostingParams {
    1: required map<i32, string> wrong_postings
}

service Accounter {
    AccountID CreateAccount(1: domain.CurrencyCode currency, 2: string description)
        throws (1: base.InvalidRequest invalid)

    Account GetAccount(1: AccountID account_id)
        throws (1: AccountNotFound not_found)

    /** The same batch again changes nothing; another batch under the same id is refused. */
    PlanState Hold(1: PlanChange change)
        throws (1: InvalidPostingParams wrong, 2: base.InvalidRequest invalid)

    /** Lists exactly the batches that were held. Again: no effect. After a roll back: refused. */
    PlanState CommitPlan(1: Plan plan)
        throws (1: InvalidPostingParams wrong, 2: base.InvalidRequest invalid, 3: PlanNotFound not_found)

    PlanState RollbackPlan(1: Plan plan)
        throws (1: InvalidPostingParams wrong, 2: base.InvalidRequest invalid, 3: PlanNotFound not_found)

    PlanState GetPlan(1: base.ID plan_id)
        throws (1: PlanNotFound not_found)

    /** Reads every entry: sums per currency and rebuilds every balance from the entries. */
    list<CurrencyTotal> Verify()
        throws (1: base.InvalidRequest broken)
}
