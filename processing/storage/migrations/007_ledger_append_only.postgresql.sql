-- The ledger's history cannot be changed by any statement of any program: a mistake is corrected by a new plan.
CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER ledger_accounts_are_not_deleted BEFORE DELETE ON ledger_accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change('accounts of the ledger are not deleted');

CREATE TRIGGER ledger_accounts_keep_their_currency BEFORE UPDATE OF id, currency, created_at_ms ON ledger_accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_change('accounts of the ledger keep their currency');

CREATE TRIGGER ledger_plans_are_not_changed BEFORE UPDATE ON ledger_plans
    FOR EACH ROW EXECUTE FUNCTION refuse_change('plans of the ledger are not changed');

CREATE TRIGGER ledger_plans_are_not_deleted BEFORE DELETE ON ledger_plans
    FOR EACH ROW EXECUTE FUNCTION refuse_change('plans of the ledger are not deleted');

CREATE TRIGGER ledger_entries_are_not_changed BEFORE UPDATE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change('entries of the ledger are not changed');

CREATE TRIGGER ledger_entries_are_not_deleted BEFORE DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change('entries of the ledger are not deleted');

CREATE TRIGGER ledger_plan_ends_are_not_changed BEFORE UPDATE ON ledger_plan_ends
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the end of a plan is not changed');

CREATE TRIGGER ledger_plan_ends_are_not_deleted BEFORE DELETE ON ledger_plan_ends
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the end of a plan is not taken back');

CREATE TRIGGER ledger_accounts_are_not_emptied BEFORE TRUNCATE ON ledger_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('ledger_accounts are not emptied');

CREATE TRIGGER ledger_plans_are_not_emptied BEFORE TRUNCATE ON ledger_plans
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('ledger_plans are not emptied');

CREATE TRIGGER ledger_entries_are_not_emptied BEFORE TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('ledger_entries are not emptied');

CREATE TRIGGER ledger_plan_ends_are_not_emptied BEFORE TRUNCATE ON ledger_plan_ends
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('ledger_plan_ends are not emptied');

-- A plan that ended takes no more entries.
CREATE FUNCTION refuse_entries_of_ended_plans() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_plan_ends WHERE plan_id = NEW.plan_id) THEN
        RAISE EXCEPTION 'the plan has ended' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_entries_of_ended_plans BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_entries_of_ended_plans();
