"""Accounts and plans: ours <-> Thrift."""

from processing.ledger import book, errors, plans
from processing.services.wire.mirror import mirror
from rpc.protocol import base, ledger

account_to_thrift = mirror(book.Account, ledger.Account).to_thrift
batch_to_ours = mirror(plans.Batch, ledger.Batch).to_domain
plan_to_ours = mirror(plans.Plan, ledger.Plan).to_domain
state_to_thrift = mirror(plans.PlanState, ledger.PlanState).to_thrift
total_to_thrift = mirror(book.CurrencyTotal, ledger.CurrencyTotal).to_thrift


def refusal_to_thrift(refusal: errors.LedgerError) -> Exception:
    """The exception of the IDL that says the same."""
    match refusal:
        case errors.AccountNotFound():
            return ledger.AccountNotFound(account_id=refusal.account_id)
        case errors.PlanNotFound():
            return ledger.PlanNotFound(plan_id=refusal.plan_id)
        case errors.InvalidPostingParams():
            return ledger.InvalidPostingParams(wrong_postings=refusal.wrong_postings)
        case errors.InvalidRequest() | errors.LedgerBroken():
            return base.InvalidRequest(errors=refusal.errors)
    raise refusal
