-- The ledger's history cannot be changed by any statement of any program: a mistake is corrected by a new plan.
CREATE TRIGGER ledger_accounts_are_not_deleted BEFORE DELETE ON ledger_accounts
BEGIN
    SELECT RAISE(ABORT, 'accounts of the ledger are not deleted');
END;

CREATE TRIGGER ledger_accounts_keep_their_currency BEFORE UPDATE OF id, currency, created_at_ms ON ledger_accounts
BEGIN
    SELECT RAISE(ABORT, 'accounts of the ledger keep their currency');
END;

CREATE TRIGGER ledger_plans_are_not_changed BEFORE UPDATE ON ledger_plans
BEGIN
    SELECT RAISE(ABORT, 'plans of the ledger are not changed');
END;

CREATE TRIGGER ledger_plans_are_not_deleted BEFORE DELETE ON ledger_plans
BEGIN
    SELECT RAISE(ABORT, 'plans of the ledger are not deleted');
END;

CREATE TRIGGER ledger_entries_are_not_changed BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'entries of the ledger are not changed');
END;

CREATE TRIGGER ledger_entries_are_not_deleted BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'entries of the ledger are not deleted');
END;

CREATE TRIGGER ledger_plan_ends_are_not_changed BEFORE UPDATE ON ledger_plan_ends
BEGIN
    SELECT RAISE(ABORT, 'the end of a plan is not changed');
END;

CREATE TRIGGER ledger_plan_ends_are_not_deleted BEFORE DELETE ON ledger_plan_ends
BEGIN
    SELECT RAISE(ABORT, 'the end of a plan is not taken back');
END;

-- A plan that ended takes no more entries.
CREATE TRIGGER ledger_entries_of_ended_plans BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_plan_ends WHERE plan_id = NEW.plan_id)
BEGIN
    SELECT RAISE(ABORT, 'the plan has ended');
END;
