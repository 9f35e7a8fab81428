"""The cash flow of each operation: the principal, the merchant's fees, the platform's costs, shares of other shops."""

from processing.domain import allocation
from processing.domain.cash_flow import (
    PRINCIPAL,
    CashFlow,
    FinalCashFlow,
    FinalPosting,
    compute,
    merchant_fee,
    revert,
)
from processing.domain.errors import Misconfiguration
from processing.domain.facts import Facts
from processing.domain.money import Cash
from processing.domain.payment_tool import PaymentTool
from processing.domain.predicates import Circumstances, reduce
from processing.domain.routing import accounts_of
from processing.domain.state import Payment
from processing.domain.terms import Provider


def circumstances(facts: Facts, cost: Cash, tool: PaymentTool | None = None) -> Circumstances:
    return Circumstances(
        party_id=facts.shop.party_id,
        shop_id=facts.shop.id,
        category_id=facts.shop.category_id,
        currency=cost.currency,
        cost=cost,
        payment_tool=tool,
    )


def payment_accounts(facts: Facts, provider: Provider, currency: str) -> dict[str, int]:
    """Account role -> ledger account id. Raises Misconfiguration when the shop does not sell in the currency."""
    if facts.shop.currency != currency:
        raise Misconfiguration(f"the shop's accounts are in {facts.shop.currency}, the payment in {currency}")
    accounts = {"merchant.settlement": facts.shop.settlement, "merchant.guarantee": facts.shop.guarantee}
    sets = {
        "provider": provider.account_set,
        "system": facts.terms.system_accounts,
        "external": facts.terms.external_accounts,
    }
    for owner, account_set in sets.items():
        if account_set is not None:
            named = accounts_of(facts.catalogue, account_set, currency)
            accounts.update({f"{owner}.{name}": account_id for name, account_id in named.items()})
    return accounts


def payment_fees(facts: Facts, provider: Provider, about: Circumstances) -> CashFlow:
    """The merchant's fees and the platform's costs, as rules: the rules of this day stay with the payment."""
    return (*reduce(facts.terms.fees, about), *reduce(provider.terms.fees, about))


def payment_flow(payment: Payment, cost: Cash) -> tuple[FinalCashFlow, Cash]:
    """What moves when `cost` is captured, and what the party pays for it."""
    fees = compute(payment.fees, cost, payment.accounts)
    shares = allocation.postings(
        payment.allocation, payment.accounts["merchant.settlement"], payment.allocation_accounts
    )
    flow = compute(PRINCIPAL, cost, payment.accounts) + fees + shares
    return flow, merchant_fee(fees, cost.currency)


def refund_flow(payment: Payment, facts: Facts, provider: Provider, cash: Cash, back: dict[str, int]) -> FinalCashFlow:
    """What moves when `cash` is given back; `back`: target shop -> what it returns to the payment's shop."""
    about = circumstances(facts, cash, payment.payer.payment_tool)
    rules = (*reduce(facts.terms.refunds.fees, about), *reduce(provider.terms.refunds.fees, about))
    principal = revert(compute(PRINCIPAL, cash, payment.accounts))
    return _returns(payment, cash.currency, back) + principal + compute(rules, cash, payment.accounts)


def chargeback_flow(payment: Payment, body: Cash, levy: Cash) -> FinalCashFlow:
    """The disputed money goes back; the bank's price of the dispute is the merchant's."""
    principal = revert(compute(PRINCIPAL, body, payment.accounts))
    price = FinalPosting(
        source="merchant.settlement",
        destination="provider.settlement",
        from_id=payment.accounts["merchant.settlement"],
        to_id=payment.accounts["provider.settlement"],
        cash=levy,
        details="chargeback levy",
    )
    return (*principal, price)


def outflow(flow: FinalCashFlow, account_id: int) -> int:
    """Minor units that the account loses by the flow; negative when it gains."""
    out = sum(posting.cash.amount for posting in flow if posting.from_id == account_id)
    return out - sum(posting.cash.amount for posting in flow if posting.to_id == account_id)


def _returns(payment: Payment, currency: str, back: dict[str, int]) -> FinalCashFlow:
    return tuple(
        FinalPosting(
            source="merchant.settlement",
            destination="merchant.settlement",
            from_id=payment.allocation_accounts[shop_id],
            to_id=payment.accounts["merchant.settlement"],
            cash=Cash(amount=amount, currency=currency),
            details=f"return of allocation to {shop_id}",
        )
        for shop_id, amount in back.items()
        if amount
    )
