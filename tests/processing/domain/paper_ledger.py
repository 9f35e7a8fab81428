"""What must hold after every command: the rules of the ledger, on paper, and what merchants see of a change."""

from msgspec.structs import replace

from processing.domain import charges
from processing.domain.ledger_moves import Commit, Hold
from processing.ledger import plans
from processing.ledger.balances import Balance, with_committed, with_open
from processing.search import projection


class PaperLedger:
    """Plans and balances in dictionaries, under the rules of the real ones."""

    def __init__(self):
        self.plans: dict[str, plans.PlanState] = {}
        self.balances: dict[int, Balance] = {}

    def make(self, move) -> None:
        if isinstance(move, Hold):
            before = self.plans.get(move.plan_id)
            after = plans.hold(before, move.plan_id, move.batch)
            assert after is not before, f"{move.plan_id} was held twice"
            self._change(after.plan, lambda balance, net: with_open(balance, 0, net))
        else:
            status = plans.PlanStatus.COMMITTED if isinstance(move, Commit) else plans.PlanStatus.ROLLED_BACK
            before = self.plans.get(move.plan.id)
            after = plans.resolve(before, move.plan, status)
            assert after is not before, f"{move.plan.id} was {status} twice"
            posts = status is plans.PlanStatus.COMMITTED
            self._change(
                after.plan, lambda balance, net: with_committed(balance, net) if posts else with_open(balance, net, 0)
            )
        self.plans[after.plan.id] = after

    def own(self, account_id: int) -> int:
        return self.balances.get(account_id, Balance()).own

    def named(self, status: plans.PlanStatus) -> set[str]:
        return {plan_id for plan_id, state in self.plans.items() if state.status == status}

    def _change(self, plan, change) -> None:
        for account_id, net in plans.nets(plan.batches).items():
            self.balances[account_id] = change(self.balances.get(account_id, Balance()), net)


def unseen_changes(before, after) -> list[str]:
    """Objects that look different now under the same revision, or under a lower one."""
    return [
        name
        for name, thing in _shown(after).items()
        if before is not None and (was := _shown(before).get(name)) is not None
        if thing.revision < was.revision or (thing.revision == was.revision and thing != was)
    ]


def _shown(machine) -> dict:
    """Name -> what merchants see of it."""
    shown = {"invoice": replace(machine, **projection.OWN_OF_INVOICE)}
    for payment in machine.payments:
        shown[payment.id] = replace(payment, **projection.OWN_OF_PAYMENT)
        shown |= {f"{payment.id}.{one.id}": replace(one, **projection.OWN_OF_REFUND) for one in payment.refunds}
    return shown


def check_money(state, ledger) -> None:
    """The ledger says the same as the machine: one posted plan a captured payment, none of one that was not."""
    assert sum(balance.own for balance in ledger.balances.values()) == 0
    assert sum(balance.low + balance.high for balance in ledger.balances.values()) == 0
    posted, held = ledger.named(plans.PlanStatus.COMMITTED), ledger.named(plans.PlanStatus.HELD)
    for payment in state.payments:
        own = {f"{state.id}.{payment.id}{end}" for end in ("", ".capture", ".changed-cost")}
        assert len(own & posted) == (1 if payment.captured_cost else 0)
        if payment.captured_cost:
            assert charges.payment_flow(payment, payment.captured_cost) == (payment.cash_flow, payment.fee)
        assert len(own & held) == (1 if payment.status in ("pending", "processed") and payment.plan_id else 0)
        for back in payment.refunds:
            plan_id = f"{state.id}.{payment.id}.refund.{back.id}"
            assert (plan_id in held, plan_id in posted) == (back.status == "pending", back.status == "succeeded")
        for disputed in payment.chargebacks:
            plan_id = f"{state.id}.{payment.id}.chargeback.{disputed.id}.{disputed.stage.value}"
            assert (plan_id in held, plan_id in posted) == (disputed.status == "pending", disputed.status == "accepted")
